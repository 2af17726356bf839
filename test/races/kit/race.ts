/**
 * A race: a few actors on one file, first in one forced interleaving, then in all orders of their steps. A step is what runs
 * from one `await` of the cache room, or one operation of the store, to the next.
 *
 * Of each order it is asked: does the race's own check hold; do the invariants hold after every step; did everybody come to
 * his end; was the lock order kept; were a flight's frames left alone; is nothing left in the end. What is set going and not
 * waited for goes to its end before the check begins.
 */
import { expect, test } from "vitest";
import { neverFires } from "../../../src/base/index.ts";
import type { CacheOptions, ErrorCursor } from "../../../src/cache/index.ts";
import { type Call, posixCredential, type Store } from "../../../src/port/index.ts";
import { type MemoryStoreOptions, memoryStore } from "../../../src/stores/memory/index.ts";
import { asSuperuser, type CachedFile, cachedFile } from "../../kit/cached-file.ts";
import { poisonFrames } from "../../kit/gated-file.ts";
import { endWatch, type LockOrderChecker, type LockOrderOptions, watchLocks } from "../../kit/lock-order/checker.ts";
import { playWatched } from "../../kit/lock-order/play-watched.ts";
import { ActorClock } from "../../kit/schedule/actor-clock.ts";
import { recordWith, unrecorded } from "../../kit/schedule/footprint.ts";
import { ForcedPolicy, type ForcedStep } from "../../kit/schedule/forced.ts";
import { point } from "../../kit/schedule/point.ts";
import { type Policy, Scheduler, StuckError } from "../../kit/schedule/scheduler.ts";
import { History } from "./history.ts";
import { everybodyHasEnded, RacePolicy, ReplayPolicy } from "./race-policy.ts";
import { RacingStore } from "./racing-store.ts";
import { search, searchMsMax } from "./search.ts";

export const pageSize = 4096;

/** Two users who may both write as long as the mode says so, unlike the superuser, whom nothing stops. */
export const alice: Call = { credential: posixCredential(1000, 1000), signal: neverFires };
export const bob: Call = { credential: posixCredential(1001, 1001), signal: neverFires };

export interface RaceWorld extends CachedFile {
  readonly clock: ActorClock;
  readonly racing: RacingStore;
  /** What the actors did, for the model. */
  readonly history: History;
  /** Another client of the server, without turns. */
  readonly other: Store;
  /** What two handles know of the file's errors that were open before the race. */
  readonly cursors: readonly ErrorCursor[];
}

export interface Race<World extends RaceWorld = RaceWorld> {
  /** The file before the race; nothing takes turns yet. */
  readonly world: () => Promise<World>;
  readonly actors: Readonly<Record<string, (world: World) => Promise<unknown>>>;
  /** The interleaving that the row names. */
  readonly forced: readonly ForcedStep[];
  /** What must be true of the forced interleaving alone, besides `check`: that it was the one. */
  readonly forcedCheck?: (world: World) => void;
  /** What must be true in the end, whatever the order. */
  readonly check: (world: World) => Promise<unknown>;
}

/** The world of most races: one file with these bytes at the store, nothing cached. */
export async function raceWorld(
  bytes: Uint8Array = new Uint8Array(0),
  options: Partial<CacheOptions> = {},
  storeOptions: MemoryStoreOptions = {},
): Promise<RaceWorld> {
  const clock = new ActorClock();
  let racing: RacingStore | undefined;
  const file = await cachedFile(
    { pageSize, budgetBytes: 16 * pageSize, readaheadBytesMax: 0, clock, ...options },
    (store) => {
      racing = new RacingStore(store);
      return racing.store;
    },
    storeOptions,
  );
  const other = memoryStore(file.server, storeOptions);
  if (bytes.length > 0) {
    await file.store.write(file.node, 0, [bytes], undefined, asSuperuser);
    file.space.revalidate(await file.store.getAttributes(file.node, asSuperuser), file.space.changeCount);
  }
  const world = Object.assign(file, {
    clock,
    racing: racing as RacingStore,
    history: new History(bytes),
    other,
    cursors: [file.space.errors.sample(), file.space.errors.sample()],
  });
  world.racing.done.length = 0;
  poisonFrames(world);
  return world;
}

/** Two tests, for a `describe` whose title names the race: the forced interleaving, and all orders. */
export function testRace<World extends RaceWorld>(description: Race<World>): void {
  test("as it is named", async () => {
    const policy = new ForcedPolicy(description.forced);
    const world = await play(description, policy);
    expect(policy.stepsLeft, "steps that were not forced").toEqual([]);
    description.forcedCheck?.(world);
  });

  test("in every order", { timeout: searchMsMax }, async () => {
    const work = async (policy: Policy): Promise<void> => {
      await play(description, policy);
    };
    const reached = await search(work);
    console.log(`${expect.getState().currentTestName}: ${reached}`);
  });
}

/** The longest races have some hundred turns. */
const choicesMax = 20_000;

/** What a play came to. */
type Played<World> = { readonly world: World } | { readonly thrown: unknown };

/** One order; if it breaks the lock order, it is played again for the places where it does. */
async function play<World extends RaceWorld>(description: Race<World>, policy: Policy): Promise<World> {
  let goes = policy;
  const played = await playWatched(
    async (watch) => {
      const race = new RacePolicy(goes);
      const result = await playOnce(description, race, watch);
      goes = new ReplayPolicy(race.choices);
      return result;
    },
    (result: Played<World>) => ("thrown" in result ? result.thrown : undefined),
  );
  if ("thrown" in played) throw played.thrown;
  return played.world;
}

/** Builds the world, races, and checks. */
async function playOnce<World extends RaceWorld>(
  { world: build, actors, check }: Race<World>,
  policy: RacePolicy,
  watch: LockOrderOptions,
): Promise<Played<World>> {
  recordWith(policy.trace?.recorder);
  const world = await build();
  const locks = watchLocks(watch);
  const scheduler = new Scheduler({
    policy,
    clock: world.clock,
    choicesMax,
    settled: () => unrecorded(() => world.cache.checkInvariants()),
    chosen: (turn) => policy.sees(turn),
  });
  const racing = scheduler.run(async () => {
    const spawned = Object.entries(actors).map(([name, work]) =>
      scheduler.spawn(name, () => locks.actor(name, () => work(world))),
    );
    await Promise.all(spawned);
    await point(undefined, everybodyHasEnded);
    recordWith(undefined);
    await check(world);
    await leavesNothing(world);
  });
  const failure = await racing.then(
    () => undefined,
    (thrown: unknown) => explained(thrown, locks),
  );
  recordWith(undefined);
  endWatch();
  const thrown = breachOf(locks) ?? failure;
  return thrown === undefined ? { world } : { thrown };
}

/** With nobody able to move, who has what is the answer. */
function explained(failure: unknown, locks: LockOrderChecker): unknown {
  if (!(failure instanceof StuckError)) return failure;
  return new Error(`${failure.message}\n${locks.waits()}`, { cause: failure });
}

function breachOf(locks: LockOrderChecker): unknown {
  try {
    locks.check();
  } catch (breach) {
    return breach;
  }
  return undefined;
}

async function leavesNothing({ space, cache, racing }: RaceWorld): Promise<void> {
  expect(racing.unstable, "writes whose bytes changed under way").toEqual([]);
  await space.destroy();
  cache.close();
  cache.checkInvariants();
  const { frameBytes, cachedPages, dirtyBytes, inFlightBytes, openSpaces } = cache.snapshot();
  expect([frameBytes, cachedPages, dirtyBytes, inFlightBytes, openSpaces], "gauges").toEqual([0, 0, 0, 0, 0]);
}
