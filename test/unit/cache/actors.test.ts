/**
 * Several actors at once, each with its own credential and its own stripes of several files, over one small cache: every
 * actor finds its own bytes at any time, and in the end the store has everybody's.
 *
 * The store must be survived when it: dawdles; takes parts of writes; refuses writes (EIO); answers after the deadline, and
 * does the operation then, into frames that were given up. Between rounds, while no actor acts, the file is cut or extended,
 * a second client changes it, and all of it is sent. A seed replays a run exactly; a fresh one is in the failure's message.
 * The order of the locks is looked at all the time.
 */
import { describe, expect, test } from "vitest";
import { delay, Failure, SeededRandom } from "../../../src/base/index.ts";
import { type AddressSpace, type CacheOptions, FrameRun, PageCache } from "../../../src/cache/index.ts";
import {
  type Call,
  type Credential,
  DeadlineStore,
  type NodeId,
  posixCredential,
  type Store,
} from "../../../src/port/index.ts";
import { MemoryServer, type MemoryStoreOptions, memoryStore } from "../../../src/stores/memory/index.ts";
import { asSuperuser, callAs } from "../../kit/cached-file.ts";
import { watchLocks } from "../../kit/lock-order/checker.ts";
import { type Unruliness, unrulyStore } from "../../kit/unruly-store.ts";
import { settle, VirtualClock } from "../../kit/virtual-clock.ts";
import { witnessedStore } from "../../kit/witnessed-store.ts";

const actorCount = 5;
const fileCount = 3;
const stripesPerActor = 25;
const deadlineMs = 1_000;
const retriesMax = 300;

/** A file as a person would describe it. */
class ModelFile {
  bytes: Uint8Array = new Uint8Array(0);

  write(position: number, source: Uint8Array): void {
    if (position + source.length > this.bytes.length) this.resize(position + source.length);
    this.bytes.set(source, position);
  }

  resize(size: number): void {
    const resized = new Uint8Array(size);
    resized.set(this.bytes.subarray(0, size));
    this.bytes = resized;
  }
}

interface Subject {
  readonly node: NodeId;
  readonly space: AddressSpace;
  readonly model: ModelFile;
}

interface World {
  readonly random: SeededRandom;
  readonly clock: VirtualClock;
  readonly server: MemoryServer;
  readonly store: Store;
  readonly other: Store;
  readonly cache: PageCache;
  readonly subjects: readonly Subject[];
  readonly punches: boolean;
  /** What the cache sent that it must not send. */
  readonly complaints: readonly string[];
  /** How many bytes in a row are one actor's: across pages, or a page exactly, which may be adopted then. */
  readonly stripe: number;
  readonly sizeMax: number;
}

interface Weather {
  readonly store: MemoryStoreOptions;
  readonly unruliness: Unruliness;
  readonly options?: Partial<CacheOptions>;
}

function credentialOf(self: number): Credential {
  return posixCredential(0, 0, [self]);
}

async function worldOf(seed: number, weather: Weather): Promise<World> {
  const random = new SeededRandom(seed);
  const clock = new VirtualClock();
  const server = new MemoryServer();
  const store = memoryStore(server, weather.store);
  const { late, ...rest } = weather.unruliness;
  const unruly = unrulyStore(store, seed, { ...rest, ...(late === undefined ? {} : { late: { ...late, clock } }) });
  const pageSize = random.pick([4096, 16384]);
  const stripe = random.chance(0.5) ? 1_300 : pageSize;
  const witness = witnessedStore(unruly, (start, end, { id }) => {
    for (let at = Math.floor(start / stripe); at * stripe < end; at++) {
      if (credentialOf(at % actorCount).id !== id) return false;
    }
    return true;
  });
  const bounded = new DeadlineStore(witness.store, { clock, deadlineMs });
  const cache = new PageCache(bounded, { pageSize, budgetBytes: 24 * pageSize, clock, ...weather.options });
  const root = await store.root(asSuperuser);
  const subjects: Subject[] = [];
  for (let each = 0; each < fileCount; each++) {
    const { node, attributes } = await store.createFile(root.node, `file ${each}`, 0o666, asSuperuser);
    const space = cache.createSpace(node, attributes, {
      attributesChanged: () => undefined,
      writebackFailed: () => undefined,
    });
    subjects.push({ node, space, model: new ModelFile() });
  }
  const other = memoryStore(server, weather.store);
  const punches = late === undefined;
  const sizeMax = actorCount * stripe * stripesPerActor;
  return {
    random,
    clock,
    server,
    store,
    other,
    cache,
    subjects,
    punches,
    stripe,
    sizeMax,
    complaints: witness.complaints,
  };
}

/** Bytes of one value over part of a stripe of the actor's. */
function pieceFor({ stripe }: World, self: number, random: SeededRandom): { position: number; source: Uint8Array } {
  const start = (random.below(stripesPerActor) * actorCount + self) * stripe;
  const from = random.chance(0.5) ? 0 : random.below(stripe);
  const length = 1 + random.below(stripe - from);
  return { position: start + from, source: new Uint8Array(length).fill(1 + random.below(255)) };
}

/** The world may fail an operation; a broken invariant ends the run. */
function requireFailure(thrown: unknown): void {
  if (!(thrown instanceof Failure)) throw thrown;
}

/** As whoever calls again after a failure: a little later. */
async function failed(clock: VirtualClock, thrown: unknown): Promise<number> {
  requireFailure(thrown);
  await delay(clock, 50);
  return -1;
}

async function write(
  { clock }: World,
  subject: Subject,
  position: number,
  source: Uint8Array,
  call: Call,
  now: boolean,
): Promise<void> {
  const { space, model } = subject;
  if (now && space.tryWrite(position, source, call.credential) === source.length) {
    model.write(position, source);
    return;
  }
  for (let done = 0, tries = 0; done < source.length; tries++) {
    expect(tries, "a write comes through").toBeLessThan(retriesMax);
    const rest = source.subarray(done);
    const count = await space.write(position + done, rest, call).catch((thrown) => failed(clock, thrown));
    if (count <= 0) continue;
    model.write(position + done, rest.subarray(0, count));
    done += count;
  }
}

async function check({ clock }: World, subject: Subject, position: number, length: number, call: Call): Promise<void> {
  const target = new Uint8Array(length);
  const readahead = subject.space.newReadahead();
  for (let tries = 0; ; tries++) {
    expect(tries, "a read comes through").toBeLessThan(retriesMax);
    // The actor's own bytes do not change while it reads; the end of the file may move as others write.
    const expected = subject.model.bytes.slice(position, position + length);
    const count = await subject.space.read(position, target, readahead, call).catch((thrown) => failed(clock, thrown));
    if (count < 0) continue;
    expect(count).toBeGreaterThanOrEqual(expected.length);
    expect(Buffer.compare(target.subarray(0, expected.length), expected), `bytes at ${position}`).toBe(0);
    return;
  }
}

/** A whole page, taken over from a device that fills its next frame at once. */
function adopt(
  world: World,
  subject: Subject,
  position: number,
  value: number,
  call: Call,
  device: Uint8Array[],
): void {
  const { pageSize } = world.cache;
  device[0]?.fill(value);
  const start = Math.floor(position / pageSize) * pageSize;
  if (subject.space.tryAdoptWrite(start, device, pageSize, call.credential) === pageSize) {
    subject.model.write(start, new Uint8Array(pageSize).fill(value));
  }
  device[0]?.fill(0xdd);
}

/** Views of frames, which must show the actor's bytes as long as they are held. */
async function checkViews(world: World, subject: Subject, position: number, length: number, call: Call): Promise<void> {
  const run = new FrameRun();
  const expected = subject.model.bytes.slice(position, position + length);
  try {
    await subject.space.readFrames(position, length, subject.space.newReadahead(), run, call);
    for (let turn = 0; turn < 3; turn++) {
      const shown = Buffer.concat(run.views).subarray(0, expected.length);
      expect(Buffer.compare(shown, expected), `views at ${position}`).toBe(0);
      await delay(world.clock, 50);
    }
  } catch (thrown) {
    requireFailure(thrown);
  } finally {
    run.release();
  }
}

async function act(world: World, self: number, seed: number, steps: number): Promise<void> {
  const random = new SeededRandom(seed * 1000 + self);
  const call = callAs(credentialOf(self));
  const { stripe } = world;
  const device = [new Uint8Array(world.cache.pageSize)];
  for (let step = 0; step < steps; step++) {
    const subject = random.pick(world.subjects);
    const { space, model } = subject;
    const { position, source } = pieceFor(world, self, random);
    const choice = random.below(100);
    if (choice < 25 && stripe === world.cache.pageSize) adopt(world, subject, position, choice + 1, call, device);
    else if (choice < 50) await write(world, subject, position, source, call, random.chance(0.5));
    else if (choice < 62) await checkViews(world, subject, position, source.length, call);
    else if (choice < 85) await check(world, subject, position, source.length, call);
    else if (choice < 89) await space.sync(call);
    else if (choice < 97) await space.invalidate(position, position + 3 * stripe, call);
    else if (world.punches && position + source.length <= model.bytes.length) {
      const punched = await space.punchHole(position, source.length, call).then(() => true, requireFailure);
      if (punched === true) model.bytes.fill(0, position, position + source.length);
    }
    world.cache.checkInvariants();
    expect(world.complaints).toEqual([]);
  }
}

/** Sends everything, however often the store refuses. */
async function drain(world: World): Promise<void> {
  for (const { space } of world.subjects) {
    for (let tries = 0; space.dirtyBytes > 0 || space.lateChanges !== null; tries++) {
      expect(tries, "everything dirty is sent in the end").toBeLessThan(retriesMax);
      await space.sync(asSuperuser);
      if (space.dirtyBytes > 0) await delay(world.clock, 50);
    }
  }
}

/** A reader near a position, of whom nothing is expected. */
async function passBy({ random, stripe }: World, space: AddressSpace, position: number): Promise<void> {
  const from = Math.max(0, position - random.below(3 * stripe));
  await space.read(from, new Uint8Array(5 * stripe), space.newReadahead(), asSuperuser).catch(requireFailure);
}

async function quietPoint(world: World): Promise<void> {
  const { random, store, other, stripe, sizeMax } = world;
  const { node, space, model } = random.pick(world.subjects);
  if (random.chance(0.5)) {
    const size = random.below(sizeMax);
    await space.truncate(size, asSuperuser).then(() => model.resize(size), requireFailure);
    await drain(world);
    // A truncate that was late has been done by now, or never will be.
    if (space.size !== model.bytes.length) model.resize(space.size);
  }
  if (random.chance(0.7)) {
    await drain(world);
    const position = random.below(sizeMax);
    const source = new Uint8Array(1 + random.below(5 * stripe)).fill(random.below(256));
    // Readers are under way meanwhile; what they bring in may be old, but nobody may find it there afterwards.
    const readings = Array.from({ length: 3 }, () => passBy(world, space, position));
    for (let turns = random.below(4); turns > 0; turns--) await settle();
    await other.write(node, position, [source], undefined, asSuperuser);
    model.write(position, source);
    const askedAt = space.changeCount;
    space.revalidate(await store.getAttributes(node, asSuperuser), askedAt);
    await Promise.all(readings);
    await check(world, { node, space, model }, position, source.length, asSuperuser);
    expect(space.size).toBe(model.bytes.length);
  }
  world.cache.checkInvariants();
}

async function run(seed: number, weather: Weather): Promise<void> {
  using locks = watchLocks();
  const world = await worldOf(seed, weather);
  let running = true;
  const time = (async () => {
    while (running) await world.clock.advance(50);
  })();
  try {
    for (let round = 0; round < 5; round++) {
      const actors = Array.from({ length: actorCount }, (_, self) =>
        locks.actor(`actor ${self}`, () => act(world, self, seed + round, 15)),
      );
      await Promise.all(actors);
      await quietPoint(world);
    }
    await drain(world);
    for (const { node, space, model } of world.subjects) {
      await check(world, { node, space, model }, 0, world.sizeMax, asSuperuser);
      const stored = new Uint8Array(model.bytes.length + 1);
      const { byteCount } = await world.store.read(node, 0, [stored], asSuperuser);
      expect(byteCount, "the size at the store").toBe(model.bytes.length);
      expect(Buffer.compare(stored.subarray(0, byteCount), model.bytes), "the bytes at the store").toBe(0);
      await space.destroy();
    }
    await world.clock.advance(0);
    const { frameBytes, cachedPages, dirtyBytes, inFlightBytes, dirtyFiles, openSpaces } = world.cache.snapshot();
    expect([frameBytes, cachedPages, dirtyBytes, inFlightBytes, dirtyFiles, openSpaces]).toEqual([0, 0, 0, 0, 0, 0]);
  } catch (failure) {
    throw new Error(`seed ${seed}`, { cause: failure });
  } finally {
    world.cache.close();
    running = false;
    await time;
  }
}

const parallel: MemoryStoreOptions = { conditionalWrites: false, parallelWrites: 4, writeBytesMax: 8_192 };
const late = { chance: 0.03, delayMs: deadlineMs * 1.5, clock: new VirtualClock() };
const weathers: readonly (readonly [string, Weather])[] = [
  ["a store that dawdles", { store: {}, unruliness: {} }],
  [
    "[S0.17] one that refuses and takes parts",
    { store: {}, unruliness: { refusalChance: 0.05, shortWriteChance: 0.3 } },
  ],
  ["[S5.10] one that is late", { store: {}, unruliness: { late } }],
  ["one that takes several writes at once", { store: parallel, unruliness: { shortWriteChance: 0.1 } }],
  [
    "[S5.10] one that takes several at once, refuses, and is late",
    { store: parallel, unruliness: { refusalChance: 0.03, late } },
  ],
  [
    "[S5.13] one that is volatile until a commit",
    { store: { durability: "volatile" }, unruliness: { refusalChance: 0.02 } },
  ],
];

describe("[S1.3] [S5.6] many actors, files and credentials", () => {
  test.each(weathers)("over %s", async (_name, weather) => {
    for (let seed = 1; seed <= 4; seed++) await run(seed, weather);
  });

  test.each(weathers)("over %s, with a seed that nobody has tried", async (_name, weather) => {
    await run((Date.now() ^ (process.pid << 8)) >>> 0, weather);
  });
});
