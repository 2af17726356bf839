/** The search that runs one order of each kind, against the search that runs every single one. */
import { afterEach, describe, expect, test } from "vitest";
import { SeededRandom } from "../../../../src/base/index.ts";
import { exploreOrders } from "../../../kit/schedule/explore.ts";
import { exploreTraces, SampledOrder } from "../../../kit/schedule/explore-traces.ts";
import { begins, ends, reads, recordWith, touch, writes } from "../../../kit/schedule/footprint.ts";
import { point } from "../../../kit/schedule/point.ts";
import { type Policy, Scheduler } from "../../../kit/schedule/scheduler.ts";
import type { TracedPolicy } from "../../../kit/schedule/trace.ts";

/** What an actor touches in each of its turns. */
type Program = readonly { readonly thing: string; readonly use: number }[];

/** Runs each program as an actor of its own; answers the things touched, with by whom, in order. */
async function run(policy: TracedPolicy, programs: readonly Program[]): Promise<string[]> {
  const things: Map<string, object> = new Map();
  const log: string[] = [];
  const scheduler = new Scheduler({ policy });
  recordWith(policy.trace.recorder);
  for (const { thing } of programs.flat()) if (!things.has(thing)) things.set(thing, {});
  // Known before anybody goes, as what a world is built of.
  for (const thing of things.values()) touch(thing, reads);
  await scheduler.run(async () => {
    await Promise.all(programs.map((program, at) => scheduler.spawn(`actor ${at}`, () => goes(program, at))));
  });
  return log;

  async function goes(program: Program, actor: number): Promise<void> {
    for (const { thing, use } of program) {
      await point(undefined, thing);
      touch(things.get(thing) as object, use);
      log.push(`${actor} ${thing}`);
    }
  }
}

/** Kinds of all orders, run one by one. */
async function everyKind(programs: readonly Program[]): Promise<Set<string>> {
  const kinds = new Set<string>();
  const work = async (policy: Policy): Promise<void> => {
    const order = new SampledOrder(policy);
    await run(order, programs);
    kinds.add(order.kind);
  };
  const { isComplete } = await exploreOrders(work, { ordersMax: 100_000 });
  expect(isComplete).toBe(true);
  return kinds;
}

async function searched(programs: readonly Program[]): Promise<{ orderCount: number; kinds: ReadonlySet<string> }> {
  return await exploreTraces(
    async (policy) => {
      await run(policy, programs);
    },
    { ordersMax: 100_000 },
  );
}

describe("one order of each kind", () => {
  afterEach(() => recordWith(undefined));

  test("is one when nobody touches what another does, or all only read, or all begin", async () => {
    const apart = [[{ thing: "a", use: writes }], [{ thing: "b", use: writes }]];
    const reading = [[{ thing: "a", use: reads }], [{ thing: "a", use: reads }]];
    const beginning = [[{ thing: "a", use: begins }], [{ thing: "a", use: begins }]];
    for (const programs of [apart, reading, beginning]) expect((await searched(programs)).orderCount).toBe(1);
  });

  test("is as many as there are ways to order what clashes", async () => {
    const write = { thing: "a", use: writes };
    expect((await searched([[write], [write]])).orderCount).toBe(2);
    expect((await searched([[write], [write], [write]])).orderCount).toBe(6);
    expect((await searched([[write], [{ thing: "a", use: reads }], [{ thing: "a", use: reads }]])).orderCount).toBe(4);
    expect((await searched([[{ thing: "a", use: begins }], [{ thing: "a", use: ends }]])).orderCount).toBe(2);
  });

  test("is of every kind that a search of every single order finds", async () => {
    const random = new SeededRandom(7);
    for (let round = 0; round < 25; round++) {
      const programs = Array.from({ length: 3 }, () =>
        Array.from({ length: 1 + random.below(2) }, () => ({
          thing: random.pick(["a", "b", "c"]),
          use: random.pick([reads, writes, writes]),
        })),
      );
      const all = await everyKind(programs);
      const { kinds, orderCount } = await searched(programs);
      expect([...kinds].sort(), JSON.stringify(programs)).toEqual([...all].sort());
      expect(orderCount).toBe(all.size);
    }
  });

  test("ends at its limit, and says so; a wrong one is told with its turns", async () => {
    const programs = [[{ thing: "a", use: writes }], [{ thing: "a", use: writes }]];
    const work = async (policy: TracedPolicy): Promise<void> => {
      await run(policy, programs);
    };
    expect(await exploreTraces(work, { ordersMax: 1 })).toMatchObject({ orderCount: 1, isComplete: false });
    const failing = async (policy: TracedPolicy): Promise<void> => {
      expect(await run(policy, programs)).toEqual(["0 a", "1 a"]);
    };
    await expect(exploreTraces(failing, { ordersMax: 10 })).rejects.toThrow(
      /order 2 is wrong[\s\S]*\n {2}actor 1 goes/,
    );
  });
});
