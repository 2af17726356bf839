/**
 * A race: a few actors on one file, first in one forced interleaving, then in all orders of their steps. A step is what runs
 * from one `await` of the cache room, or one operation of the store, to the next.
 *
 * Of each order it is asked: does the race's own check hold; do the invariants hold after every step; did everybody come to
 * an end (no deadlock); was the lock order kept; did the bytes of every write stay what they were until its answer; is every
 * gauge zero in the end. All orders with no interruption of an actor that could have gone on are run first, then all with
 * one, with two and so on, until the limit on orders is met; what was reached is printed.
 */
import { expect, test } from "vitest";
import { neverFires } from "../../../src/base/index.ts";
import type { CacheOptions } from "../../../src/cache/index.ts";
import { type Call, posixCredential, type Store } from "../../../src/port/index.ts";
import { type MemoryStoreOptions, memoryStore } from "../../../src/stores/memory/index.ts";
import { type CachedFile, cachedFile } from "../../kit/cached-file.ts";
import { poisonFrames } from "../../kit/gated-file.ts";
import { type LockOrderChecker, watchLocks } from "../../kit/lock-order/checker.ts";
import { ActorClock } from "../../kit/schedule/actor-clock.ts";
import { exploreOrders } from "../../kit/schedule/explore.ts";
import { ForcedPolicy, type ForcedStep } from "../../kit/schedule/forced.ts";
import { type Policy, Scheduler, StuckError } from "../../kit/schedule/scheduler.ts";
import { History } from "./history.ts";
import { RacingStore } from "./racing-store.ts";

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
  /** What of the limit on orders this race takes, where each order costs much. Default: all of it. */
  readonly share?: number;
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
    await file.space.write(0, bytes, superuserCall);
    await file.space.sync(superuserCall);
    await file.space.invalidate(0, Number.POSITIVE_INFINITY, superuserCall);
  }
  const world = Object.assign(file, { clock, racing: racing as RacingStore, other, history: new History(bytes) });
  world.racing.done.length = 0;
  poisonFrames(world);
  return world;
}

const superuserCall: Call = { credential: posixCredential(0, 0), signal: neverFires };

/** A limit on orders that takes some seconds; a longer search is asked for with RACE_ORDERS. */
const ordersMax = Number(process.env.RACE_ORDERS ?? 1_000);

/** Two tests, for a `describe` whose title names the race: the forced interleaving, and all orders. */
export function testRace<World extends RaceWorld>(description: Race<World>): void {
  test("as it is named", async () => {
    const policy = new ForcedPolicy(description.forced);
    const world = await run(description, policy);
    expect(policy.stepsLeft, "steps that were not forced").toEqual([]);
    description.forcedCheck?.(world);
  });

  test("in every order", async () => {
    console.log(await search(description));
  });
}

/** Runs orders with more and more interruptions; answers in words what was reached. */
async function search<World extends RaceWorld>(description: Race<World>): Promise<string> {
  const work = async (policy: Policy): Promise<void> => {
    await run(description, policy);
  };
  const limit = Math.ceil(ordersMax * (description.share ?? 1));
  let complete = "none of a kind to the last";
  let before = 0;
  for (let left = limit, interruptionsMax = 0; left > 0; interruptionsMax++) {
    const { orderCount, isComplete } = await exploreOrders(work, { ordersMax: left, interruptionsMax });
    if (!isComplete) break;
    if (orderCount === before) return `all ${orderCount} orders`;
    complete = `all ${orderCount} with at most ${interruptionsMax} interruptions`;
    before = orderCount;
    left -= orderCount;
  }
  return `${limit} orders, among them ${complete}`;
}

/** One order: builds the world, races, and checks. */
async function run<World extends RaceWorld>(description: Race<World>, policy: Policy): Promise<World> {
  const world = await description.world();
  using locks = watchLocks({ stacks: false });
  let isOver = false;
  const scheduler = new Scheduler({
    policy: { choose: (ready, moment) => (isOver ? 0 : policy.choose(ready, moment)) },
    clock: world.clock,
    settled: () => world.cache.checkInvariants(),
  });
  await scheduler
    .run(async () => {
      await Promise.all(
        Object.entries(description.actors).map(([name, work]) =>
          scheduler.spawn(name, () => locks.actor(name, () => work(world))),
        ),
      );
      isOver = true;
      await description.check(world);
      await leavesNothing(world);
    })
    .catch((failure: unknown) => {
      throw explained(failure, locks);
    });
  return world;
}

/** With nobody able to move, who has what is the answer. */
function explained(failure: unknown, locks: LockOrderChecker): unknown {
  if (!(failure instanceof StuckError)) return failure;
  return new Error(`${failure.message}\n${locks.waits()}`, { cause: failure });
}

async function leavesNothing({ space, cache, racing }: RaceWorld): Promise<void> {
  expect(racing.unstable, "writes whose bytes changed under way").toEqual([]);
  await space.destroy();
  cache.close();
  cache.checkInvariants();
  const { frameBytes, cachedPages, dirtyBytes, inFlightBytes, openSpaces } = cache.snapshot();
  expect([frameBytes, cachedPages, dirtyBytes, inFlightBytes, openSpaces], "gauges").toEqual([0, 0, 0, 0, 0]);
}
