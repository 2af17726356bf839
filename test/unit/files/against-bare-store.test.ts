/**
 * A volume behaves as the bare store does: seeded random operations on names, attributes, contents and open files are done
 * on a volume, whose tables are far too small, and on a store without any cache; every answer, every failure's code and
 * the trees at the end must be the same.
 */
import { afterEach, describe, expect, it } from "vitest";
import { Failure, SeededRandom } from "../../../src/base/index.ts";
import type { CachedVolume } from "../../../src/files/cached-volume.ts";
import { openVolume } from "../../../src/files/index.ts";
import { MemoryServer, memoryStore } from "../../../src/stores/memory/index.ts";
import { BareSide, type Side, VolumeSide } from "../../kit/file-sides.ts";
import { unrulyStore } from "../../kit/unruly-store.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";

const directories = ["", "d", "e", "d/f"];
const names = ["a", "b", "c", "d", "e", "f"];
const stepsPerRun = 400;
const handlesMax = 4;

/** One random operation, the same for both sides. */
function randomStep(random: SeededRandom): {
  readonly slot: number;
  readonly text: string;
  run(side: Side): Promise<unknown>;
} {
  const parent = random.pick(directories);
  const name = random.pick(names);
  const other = random.pick(directories);
  const otherName = random.pick(names);
  const path = `${parent}/${name}`;
  const slot = random.below(handlesMax);
  const position = random.below(20_000);
  const bytes = new Uint8Array(1 + random.below(6_000)).fill(65 + random.below(26));
  const kind = random.pick(["file", "file", "directory", "link"] as const);
  const mode = random.pick(["replace", "replace", "noReplace", "exchange"] as const);
  const size = random.below(20_000);
  const modeBits = 0o600 + random.below(64);
  const steps: readonly [weight: number, text: string, run: (side: Side) => Promise<unknown>][] = [
    [6, `make ${kind} ${path}`, (side) => side.make(kind, parent, name)],
    [2, `remove ${path}`, (side) => side.remove("file", parent, name)],
    [1, `rmdir ${path}`, (side) => side.remove("directory", parent, name)],
    [3, `rename ${mode} ${path} ${other}/${otherName}`, (side) => side.rename(parent, name, other, otherName, mode)],
    [2, `link ${path} ${other}/${otherName}`, (side) => side.link(path, other, otherName)],
    [3, `stat ${path}`, (side) => side.stat(path)],
    [1, `list ${parent}`, (side) => side.list(parent)],
    [1, `chmod ${path}`, (side) => side.chmod(path, modeBits)],
    [2, `truncate ${path} ${size}`, (side) => side.truncate(path, size)],
    [5, `open ${slot} ${path}`, (side) => reopen(side, slot, path)],
    [5, `write ${slot} ${position} ${bytes.length}`, (side) => side.write(slot, position, bytes)],
    [4, `read ${slot} ${size}`, (side) => side.read(slot, size, 8_000)],
    [1, `close ${slot}`, (side) => side.close(slot)],
  ];
  const weighted = steps.flatMap((step) => new Array<typeof step>(step[0]).fill(step));
  const [, text, run] = random.pick(weighted);
  return { slot, text, run };
}

async function reopen(side: Side, slot: number, path: string): Promise<unknown> {
  await side.close(slot);
  return side.open(slot, path);
}

async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown.code;
    throw thrown;
  }
}

/** Everything below the root of a store: kinds, modes, link counts, contents. */
async function treeOf(side: BareSide, path = ""): Promise<unknown[]> {
  const tree: unknown[] = [];
  for (const entry of (await side.list(path)) as string[]) {
    const at = `${path}/${entry.split(" ")[0]}`;
    tree.push([at, await side.stat(at)]);
    if (entry.endsWith(" directory")) tree.push(...(await treeOf(side, at)));
    if (entry.endsWith(" file")) tree.push(await side.content(at));
  }
  return tree;
}

let seedSaid = 0;
afterEach((context) => {
  if (context.task.result?.state === "fail") console.error(`the failing run has seed ${seedSaid}`);
});

/** A small tree to begin with. */
async function plant(side: Side): Promise<void> {
  await side.make("directory", "", "d");
  await side.make("directory", "", "e");
  await side.make("directory", "d", "f");
}

/** Plays random steps on the bare side and on one of the cached sides each; every answer must be the same. */
async function play(random: SeededRandom, clock: VirtualClock, bare: BareSide, cached: readonly VolumeSide[]) {
  const history: string[] = [];
  for (let step = 0; step < stepsPerRun; step++) {
    const { slot, text, run } = randomStep(random);
    // An open file belongs to the client that opened it.
    const client = slot % cached.length;
    const seen = await outcome(run(cached[client] as VolumeSide));
    const wanted = await outcome(run(bare));
    history.push(`client ${client} ${text}: ${String(wanted).slice(0, 40)}`);
    expect(seen, history.slice(-12).join("\n")).toEqual(wanted);
    if (random.chance(0.1)) await clock.advance(random.below(1_500));
    for (const { volume } of cached) volume.checkInvariants();
  }
  for (let slot = 0; slot < handlesMax; slot++) {
    await cached[slot % cached.length]?.close(slot);
    await bare.close(slot);
  }
}

const cacheOptions = { pageSize: 4096, budgetBytes: 24 * 4096, idleNodesMax: 3 };
const nothingLeft = { openFiles: [], dirtyFiles: [], cache: { openSpaces: 0, frameBytes: 0 } };

describe("a volume and a bare store", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("[G1] agree on everything, seed %i", async (seed) => {
    seedSaid = seed;
    const clock = new VirtualClock();
    const behind = new MemoryServer({ clock });
    const store = unrulyStore(memoryStore(behind, { reportsChanges: seed % 2 === 0 }), seed, { shortWriteChance: 0.2 });
    const volume = (await openVolume(store, { clock, ...cacheOptions })) as CachedVolume;
    const bare = new BareSide(memoryStore(new MemoryServer({ clock })));
    const cached = new VolumeSide(volume);
    await plant(cached);
    await plant(bare);
    await play(new SeededRandom(seed), clock, bare, [cached]);
    expect(volume.snapshot().nodeCount).toBeLessThan(16);
    await volume.close();
    expect(volume.snapshot()).toMatchObject(nothingLeft);
    expect(await treeOf(new BareSide(memoryStore(behind)))).toEqual(await treeOf(bare));
  });

  it.each([1, 2, 3, 4, 5, 6])(
    "[G17] agree through two volumes over a store that reports changes, seed %i",
    async (seed) => {
      seedSaid = seed;
      const clock = new VirtualClock();
      const behind = new MemoryServer({ clock });
      const open = () => openVolume(memoryStore(behind), { clock, ...cacheOptions }) as Promise<CachedVolume>;
      const cached = [new VolumeSide(await open(), true), new VolumeSide(await open(), true)];
      const bare = new BareSide(memoryStore(new MemoryServer({ clock })));
      await plant(cached[0] as VolumeSide);
      await plant(bare);
      await play(new SeededRandom(seed), clock, bare, cached);
      for (const { volume } of cached) {
        await volume.close();
        expect(volume.snapshot()).toMatchObject(nothingLeft);
      }
      expect(await treeOf(new BareSide(memoryStore(behind)))).toEqual(await treeOf(bare));
    },
  );
});
