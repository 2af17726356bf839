/**
 * The promise (S5.1), byte by byte: several credentials write to one file over a store that refuses with any code, takes
 * parts and is late, with a rescue that fails at times. In the end every byte that was acknowledged last is at the store or
 * in a rescue entry, what is read is what the store has, each failure was told once, and nothing is left behind.
 */
import { describe, expect, test } from "vitest";
import { delay, type ErrorCode, Failure, SeededRandom } from "../../../../src/base/index.ts";
import { type AddressSpace, PageCache } from "../../../../src/cache/index.ts";
import { type Call, DeadlineStore, type NodeId, posixCredential, type Store } from "../../../../src/port/index.ts";
import { MemoryServer, type MemoryStoreOptions, memoryStore } from "../../../../src/stores/memory/index.ts";
import { asSuperuser, callAs } from "../../../kit/cached-file.ts";
import { readBack } from "../../../kit/gated-file.ts";
import { hookedStore } from "../../../kit/hooked-store.ts";
import { RescueInMemory } from "../../../kit/rescue-in-memory.ts";
import { unrulyStore } from "../../../kit/unruly-store.ts";
import { VirtualClock } from "../../../kit/virtual-clock.ts";

const pageSize = 4096;
const fileBytes = 24 * pageSize;
/** So many bytes in a row are one user's. */
const stripe = 1_300;
const codes: readonly ErrorCode[] = ["EACCES", "EKEYEXPIRED", "EIO", "EROFS", "EDQUOT", "ENOSPC", "ETIMEDOUT", "EINTR"];
const users: readonly Call[] = [1, 2, 3].map((group) => callAs(posixCredential(0, 0, [group])));

/** Refuses at times, while it may. */
function refusingStore(store: Store, random: SeededRandom, state: { readonly chance: number }): Store {
  return hookedStore(store, {
    write: async (run) => {
      if (random.chance(state.chance)) throw new Failure(random.pick(codes), { syscall: "write" });
      return await run();
    },
  });
}

interface World {
  readonly random: SeededRandom;
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly node: NodeId;
  readonly cache: PageCache;
  readonly space: AddressSpace;
  readonly rescue: RescueInMemory;
  /** How often the store refuses. */
  readonly refusing: { chance: number };
  /** What was told, and what joined the error sequence. */
  readonly told: string[];
  readonly recorded: string[];
  /** The bytes as they were acknowledged last; 0 where nothing was. */
  readonly last: Uint8Array;
}

async function worldOf(seed: number, storeOptions: MemoryStoreOptions, isLate: boolean): Promise<World> {
  const random = new SeededRandom(seed);
  const clock = new VirtualClock();
  const store = memoryStore(new MemoryServer(), storeOptions);
  const refusing = { chance: 0.15 };
  const late = isLate ? { late: { chance: 0.02, delayMs: 1_500, clock } } : {};
  const unruly = unrulyStore(refusingStore(store, random, refusing), seed, { shortWriteChance: 0.2, ...late });
  const rescue = new RescueInMemory();
  const root = await store.root(asSuperuser);
  const { node, attributes } = await store.createFile(root.node, "file", 0o666, asSuperuser);
  const cache = new PageCache(new DeadlineStore(unruly, { clock, deadlineMs: 1_000 }), {
    pageSize,
    budgetBytes: 32 * pageSize,
    clock,
    rescue,
    retryDeadlineMs: 5_000,
    writebackPeriodMs: 200,
    writebackExpireMs: 400,
  });
  const told: string[] = [];
  const space = cache.createSpace(node, attributes, {
    attributesChanged: () => undefined,
    writebackFailed: ({ failure }) => told.push(failure.code),
  });
  const recorded: string[] = [];
  const record = space.errors.record.bind(space.errors);
  space.errors.record = (failure, owner) => {
    recorded.push(failure.code);
    record(failure, owner);
  };
  const last = new Uint8Array(fileBytes);
  return { random, clock, store, node, cache, space, rescue, refusing, told, recorded, last };
}

async function act(world: World, call: Call, self: number): Promise<void> {
  const { random, clock, cache, space, rescue } = world;
  for (let step = 0; step < 40; step++) {
    const start = (random.below(Math.floor(fileBytes / stripe / users.length)) * users.length + self) * stripe;
    const position = start + random.below(stripe);
    const source = new Uint8Array(1 + random.below(start + stripe - position)).fill(1 + random.below(255));
    const choice = random.below(10);
    rescue.failure = random.chance(0.3) ? new Failure("ENOSPC", { syscall: "rescue" }) : undefined;
    if (choice < 6) await writeAll(world, position, source, call);
    else if (choice < 7) await space.sync(call);
    else if (choice < 9) await space.read(position, source, space.newReadahead(), call).catch(requireFailure);
    else await space.invalidate(position, position + source.length, call).catch(requireFailure);
    cache.checkInvariants();
    if (random.chance(0.2)) await delay(clock, random.below(300));
  }
}

/** Until all of it is acknowledged: what an attempt that failed left behind is written over. */
async function writeAll(world: World, position: number, source: Uint8Array, call: Call): Promise<void> {
  const { random, clock, space, last } = world;
  if (random.chance(0.5) && space.tryWrite(position, source, call.credential) > 0) {
    last.set(source, position);
    return;
  }
  for (let tries = 0; ; tries++) {
    expect(tries, "a write comes through").toBeLessThan(300);
    const count = await space.write(position, source, call).catch(requireFailure);
    if (count === source.length) break;
    await delay(clock, 50);
  }
  last.set(source, position);
}

/** The store refuses nothing any more: everything is delivered or rescued. */
async function drain({ clock, space, rescue, refusing }: World): Promise<void> {
  refusing.chance = 0;
  rescue.failure = undefined;
  for (let tries = 0; space.dirtyBytes + space.unrescuedBytes > 0 || space.lateChanges !== null; tries++) {
    expect(tries, "all is delivered or rescued in the end").toBeLessThan(200);
    await space.sync(asSuperuser);
    await delay(clock, 500);
  }
}

async function verify({ clock, store, node, space, rescue, told, recorded, last }: World): Promise<void> {
  const { size } = await store.getAttributes(node, asSuperuser);
  const stored = new Uint8Array(fileBytes);
  await store.read(node, 0, [stored], asSuperuser);
  expect(space.size).toBe(size);
  let shown: Uint8Array | undefined;
  for (let tries = 0; shown === undefined; tries++) {
    expect(tries, "a read comes through").toBeLessThan(200);
    shown = await readBack(space, 0, fileBytes).catch(requireFailure);
    await delay(clock, 50);
  }
  expect(Buffer.compare(shown, stored.subarray(0, size)), "what is read is what the store has").toBe(0);
  for (let at = 0; at < fileBytes; at++) {
    const value = last[at] as number;
    if (value === 0 || stored[at] === value) continue;
    expect(isRescued(rescue, at, value), `byte ${at}, last written as ${value}`).toBe(true);
  }
  expect(told, "one event for each entry of the error sequence").toEqual(recorded);
}

async function run(seed: number, storeOptions: MemoryStoreOptions, isLate: boolean): Promise<void> {
  const world = await worldOf(seed, storeOptions, isLate);
  const { clock, cache, space } = world;
  let running = true;
  const time = (async () => {
    while (running) await clock.advance(20);
  })();
  try {
    await Promise.all(users.map((call, self) => act(world, call, self)));
    await drain(world);
    await verify(world);
    await space.destroy();
    cache.checkInvariants();
    const { frameBytes, dirtyBytes, inFlightBytes, unrescuedBytes, openSpaces, dirtyFiles } = cache.snapshot();
    const gauges = [frameBytes, dirtyBytes, inFlightBytes, unrescuedBytes, openSpaces, dirtyFiles];
    expect(gauges).toEqual([0, 0, 0, 0, 0, 0]);
  } catch (failure) {
    throw new Error(`seed ${seed}`, { cause: failure });
  } finally {
    cache.close();
    running = false;
    await time;
  }
}

function requireFailure(thrown: unknown): undefined {
  if (!(thrown instanceof Failure)) throw thrown;
}

function isRescued(rescue: RescueInMemory, at: number, value: number): boolean {
  return rescue.entries.some(({ refused, bytes }) =>
    refused.ranges.some(({ offset, byteCount }, range) => {
      return at >= offset && at < offset + byteCount && bytes[range]?.[at - offset] === value;
    }),
  );
}

const parallel: MemoryStoreOptions = { conditionalWrites: false, parallelWrites: 4, writeBytesMax: 2 * pageSize };

describe("[S5.1] [S5.2] no acknowledged byte is in a fifth place", () => {
  test.each([
    ["over a store with conditions", {}, false],
    ["over one that takes several writes at once", parallel, false],
    ["over one that is late at times", parallel, true],
  ] as const)("%s", async (_what, options, isLate) => {
    for (let seed = 1; seed <= 6; seed++) await run(seed, options, isLate);
    await run((Date.now() ^ (process.pid << 8)) >>> 0, options, isLate);
  });
});
