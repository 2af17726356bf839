/**
 * A volume behaves as the bare store does: seeded random operations on names, attributes, contents and open files are done
 * on a volume, whose tables are far too small, and on a store without any cache; every answer, every failure's code and
 * the trees at the end must be the same.
 */
import { afterEach, describe, expect, it } from "vitest";
import { Failure, SeededRandom } from "../../../src/base/index.ts";
import type { CachedVolume } from "../../../src/files/cached-volume.ts";
import { type Handle, openFlags, openVolume } from "../../../src/files/index.ts";
import { type AccessMode, type NodeId, type Store, superuser } from "../../../src/port/index.ts";
import { MemoryServer, memoryStore } from "../../../src/stores/memory/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { unrulyStore } from "../../kit/unruly-store.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";

const call = callAs(superuser);
const bothWays: AccessMode = { read: true, write: true, execute: false };
const directories = ["", "d", "e", "d/f"];
const names = ["a", "b", "c", "d", "e", "f"];
const stepsPerRun = 400;
const handlesMax = 4;

/** The same small set of operations on either side; answers are plain values. */
interface Side {
  make(kind: "file" | "directory" | "link", parent: string, name: string): Promise<unknown>;
  remove(kind: "file" | "directory", parent: string, name: string): Promise<unknown>;
  rename(
    from: string,
    fromName: string,
    to: string,
    toName: string,
    mode: "replace" | "noReplace" | "exchange",
  ): Promise<unknown>;
  link(path: string, parent: string, name: string): Promise<unknown>;
  stat(path: string): Promise<unknown>;
  list(path: string): Promise<unknown>;
  chmod(path: string, mode: number): Promise<unknown>;
  truncate(path: string, size: number): Promise<unknown>;
  open(slot: number, path: string): Promise<unknown>;
  write(slot: number, position: number, bytes: Uint8Array): Promise<unknown>;
  read(slot: number, position: number, length: number): Promise<unknown>;
  close(slot: number): Promise<unknown>;
}

class BareSide implements Side {
  readonly store: Store;
  readonly #open: (NodeId | undefined)[] = [];

  constructor(store: Store) {
    this.store = store;
  }

  async find(path: string): Promise<NodeId> {
    let { node } = await this.store.root(call);
    for (const name of path.split("/").filter(Boolean)) node = (await this.store.lookup(node, name, call)).node;
    return node;
  }

  async make(kind: "file" | "directory" | "link", parent: string, name: string): Promise<unknown> {
    const at = await this.find(parent);
    if (kind === "file") await this.store.createFile(at, name, 0o644, call);
    else if (kind === "directory") await this.store.makeDirectory(at, name, 0o755, call);
    else await this.store.makeSymbolicLink(at, name, "target", call);
    return "made";
  }

  async remove(kind: "file" | "directory", parent: string, name: string): Promise<unknown> {
    const at = await this.find(parent);
    return kind === "file" ? this.store.remove(at, name, call) : this.store.removeDirectory(at, name, call);
  }

  async rename(
    from: string,
    fromName: string,
    to: string,
    toName: string,
    mode: "replace" | "noReplace" | "exchange",
  ): Promise<unknown> {
    return this.store.rename(await this.find(from), fromName, await this.find(to), toName, mode, call);
  }

  async link(path: string, parent: string, name: string): Promise<unknown> {
    await this.store.link(await this.find(path), await this.find(parent), name, call);
    return "linked";
  }

  async stat(path: string): Promise<unknown> {
    const { kind, mode, size, linkCount } = await this.store.getAttributes(await this.find(path), call);
    return { kind, mode, linkCount, size: kind === "file" ? size : 0 };
  }

  async list(path: string): Promise<unknown> {
    const entries = await this.store.list(await this.find(path), call);
    return entries.map(({ name, kind }) => `${name} ${kind}`).sort();
  }

  async chmod(path: string, mode: number): Promise<unknown> {
    return (await this.store.setAttributes(await this.find(path), { mode }, call)).mode;
  }

  async truncate(path: string, size: number): Promise<unknown> {
    return (await this.store.setAttributes(await this.find(path), { size }, call)).size;
  }

  async open(slot: number, path: string): Promise<unknown> {
    const node = await this.find(path);
    const { kind } = await this.store.getAttributes(node, call);
    if (kind !== "file") throw new Failure(kind === "directory" ? "EISDIR" : "ELOOP");
    await this.store.hold(node, bothWays, call);
    this.#open[slot] = node;
    return "open";
  }

  async write(slot: number, position: number, bytes: Uint8Array): Promise<unknown> {
    const node = this.#open[slot];
    return node === undefined ? "closed" : (await this.store.write(node, position, [bytes], undefined, call)).byteCount;
  }

  async read(slot: number, position: number, length: number): Promise<unknown> {
    const node = this.#open[slot];
    if (node === undefined) return "closed";
    const target = new Uint8Array(length);
    const { byteCount } = await this.store.read(node, position, [target], call);
    return Buffer.from(target.subarray(0, byteCount)).toString("latin1");
  }

  async close(slot: number): Promise<unknown> {
    const node = this.#open[slot];
    if (node === undefined) return "closed";
    this.#open[slot] = undefined;
    await this.store.release(node, bothWays, call);
    return "now closed";
  }
}

class VolumeSide implements Side {
  readonly volume: CachedVolume;
  readonly #open: (Handle | undefined)[] = [];

  constructor(volume: CachedVolume) {
    this.volume = volume;
  }

  async find(path: string) {
    let node = this.volume.root;
    for (const name of path.split("/").filter(Boolean)) node = await this.volume.lookup(node, name, call);
    return node;
  }

  async make(kind: "file" | "directory" | "link", parent: string, name: string): Promise<unknown> {
    const at = await this.find(parent);
    if (kind === "file") await (await this.volume.createFile(at, name, 0o644, openFlags.O_RDWR, call)).release();
    else if (kind === "directory") await this.volume.makeDirectory(at, name, 0o755, call);
    else await this.volume.makeSymbolicLink(at, name, "target", call);
    return "made";
  }

  async remove(kind: "file" | "directory", parent: string, name: string): Promise<unknown> {
    const at = await this.find(parent);
    return kind === "file" ? this.volume.unlink(at, name, call) : this.volume.removeDirectory(at, name, call);
  }

  async rename(
    from: string,
    fromName: string,
    to: string,
    toName: string,
    mode: "replace" | "noReplace" | "exchange",
  ): Promise<unknown> {
    return this.volume.rename(await this.find(from), fromName, await this.find(to), toName, mode, call);
  }

  async link(path: string, parent: string, name: string): Promise<unknown> {
    await this.volume.link(await this.find(path), await this.find(parent), name, call);
    return "linked";
  }

  async stat(path: string): Promise<unknown> {
    const node = await this.find(path);
    const cached = this.volume.tryGetAttributes(node, superuser);
    const { kind, mode, size, linkCount } = cached ?? (await this.volume.getAttributes(node, call));
    return { kind, mode, linkCount, size: kind === "file" ? size : 0 };
  }

  async list(path: string): Promise<unknown> {
    const directory = await this.volume.openDirectory(await this.find(path), call);
    const entries = await directory.load().finally(() => directory.release());
    return entries.map(({ name, kind }) => `${name} ${kind}`).sort();
  }

  async chmod(path: string, mode: number): Promise<unknown> {
    return (await this.volume.setAttributes(await this.find(path), { mode }, call)).mode;
  }

  async truncate(path: string, size: number): Promise<unknown> {
    return (await this.volume.setAttributes(await this.find(path), { size }, call)).size;
  }

  async open(slot: number, path: string): Promise<unknown> {
    this.#open[slot] = await this.volume.openNode(await this.find(path), openFlags.O_RDWR, call);
    return "open";
  }

  async write(slot: number, position: number, bytes: Uint8Array): Promise<unknown> {
    const handle = this.#open[slot];
    if (handle === undefined) return "closed";
    const count = handle.tryWrite(position, bytes);
    return count >= 0 ? count : handle.writeAt(position, bytes);
  }

  async read(slot: number, position: number, length: number): Promise<unknown> {
    const handle = this.#open[slot];
    if (handle === undefined) return "closed";
    const target = new Uint8Array(length);
    let count = handle.tryRead(position, target);
    if (count < 0) count = await handle.readAt(position, target);
    return Buffer.from(target.subarray(0, count)).toString("latin1");
  }

  async close(slot: number): Promise<unknown> {
    const handle = this.#open[slot];
    if (handle === undefined) return "closed";
    this.#open[slot] = undefined;
    await handle.flush();
    await handle.release();
    return "now closed";
  }
}

/** One random operation, the same for both sides. */
function randomStep(random: SeededRandom): { readonly text: string; run(side: Side): Promise<unknown> } {
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
  return { text, run };
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
    if (!entry.endsWith(" file")) continue;
    const content = new Uint8Array(40_000);
    const { byteCount } = await side.store.read(await side.find(at), 0, [content], call);
    tree.push(Buffer.from(content.subarray(0, byteCount)).toString("latin1"));
  }
  return tree;
}

let seedSaid = 0;
afterEach((context) => {
  if (context.task.result?.state === "fail") console.error(`the failing run has seed ${seedSaid}`);
});

describe("a volume and a bare store", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("agree on everything, seed %i", async (seed) => {
    seedSaid = seed;
    const random = new SeededRandom(seed);
    const clock = new VirtualClock();
    const behind = new MemoryServer({ clock });
    const store = unrulyStore(memoryStore(behind, { reportsChanges: seed % 2 === 0 }), seed, { shortWriteChance: 0.2 });
    const volume = (await openVolume(store, {
      clock,
      pageSize: 4096,
      budgetBytes: 24 * 4096,
      idleNodesMax: 3,
    })) as CachedVolume;
    const bare = new BareSide(memoryStore(new MemoryServer({ clock })));
    const cached = new VolumeSide(volume);
    for (const side of [cached, bare]) {
      for (const [parent, name] of [
        ["", "d"],
        ["", "e"],
        ["d", "f"],
      ] as const)
        await side.make("directory", parent, name);
    }
    const history: string[] = [];
    for (let step = 0; step < stepsPerRun; step++) {
      const { text, run } = randomStep(random);
      const [seen, wanted] = [await outcome(run(cached)), await outcome(run(bare))];
      history.push(`${text}: ${String(wanted).slice(0, 40)}`);
      expect(seen, history.slice(-12).join("\n")).toEqual(wanted);
      if (random.chance(0.1)) await clock.advance(random.below(1_500));
      volume.checkInvariants();
    }
    for (let slot = 0; slot < handlesMax; slot++) {
      await cached.close(slot);
      await bare.close(slot);
    }
    expect(volume.snapshot().nodeCount).toBeLessThan(16);
    await volume.close();
    expect(volume.snapshot()).toMatchObject({ openFiles: [], dirtyFiles: [], cache: { openSpaces: 0, frameBytes: 0 } });
    expect(await treeOf(new BareSide(memoryStore(behind)))).toEqual(await treeOf(bare));
  });
});
