/** The scheduler and its policies, on small work whose orders can be counted by hand. */
import { describe, expect, test } from "vitest";
import { delay, SeededRandom } from "../../../../src/base/index.ts";
import { ActorClock } from "../../../kit/schedule/actor-clock.ts";
import { exploreOrders } from "../../../kit/schedule/explore.ts";
import { firstCome } from "../../../kit/schedule/first-come.ts";
import { ForcedPolicy } from "../../../kit/schedule/forced.ts";
import { held, point, points, runningActor } from "../../../kit/schedule/point.ts";
import { type Policy, Scheduler, StuckError } from "../../../kit/schedule/scheduler.ts";
import { seededPolicy } from "../../../kit/schedule/seeded.ts";

/** A number that two actors each read, and write one more, with a turn between. */
class Counter {
  value = 0;

  async increase(): Promise<void> {
    const before = this.value;
    await point(undefined, "increase: between");
    this.value = before + 1;
  }
}

async function race(policy: Policy): Promise<{ value: number; interleaving: string }> {
  const counter = new Counter();
  const scheduler = new Scheduler({ policy });
  await scheduler.run(() => Promise.all(["a", "b"].map((actor) => scheduler.spawn(actor, () => counter.increase()))));
  return { value: counter.value, interleaving: scheduler.interleaving };
}

describe("the scheduler", () => {
  test("lets points through while none runs", async () => {
    expect(point("through", "nowhere")).toBe("through");
    expect(runningActor()).toBeUndefined();
  });

  test("makes the same choices for the same seed, and others for another", async () => {
    const interleavings = new Set<string>();
    for (let seed = 1; seed <= 30; seed++) {
      const first = await race(seededPolicy(new SeededRandom(seed)));
      const second = await race(seededPolicy(new SeededRandom(seed)));
      expect(second).toEqual(first);
      interleavings.add(first.interleaving);
    }
    expect(interleavings.size).toBeGreaterThan(2);
  });

  test("lets one turn go at a time, and all its promise jobs before the next", async () => {
    const seen: string[] = [];
    const scheduler = new Scheduler({ policy: firstCome, settled: () => seen.push("settled") });
    const deep = async (actor: string): Promise<void> => {
      await point(undefined, "before");
      for (let depth = 0; depth < 5; depth++) await Promise.resolve();
      seen.push(actor);
    };
    await scheduler.run(() => Promise.all(["a", "b"].map((actor) => scheduler.spawn(actor, () => deep(actor)))));
    expect(seen.join(" ")).toBe("settled settled settled a settled b settled");
  });

  test("lets time pass when nothing is ready, and timers run as who set them", async () => {
    const clock = new ActorClock();
    const scheduler = new Scheduler({ policy: firstCome, clock });
    const actors: (string | undefined)[] = [];
    await scheduler.run(async () => {
      const sleeper = scheduler.spawn("sleeper", async () => {
        await point(delay(clock, 100), "sleeping");
        actors.push(runningActor());
      });
      await scheduler.spawn("other", async () => {
        clock.after(50, () => actors.push(`timer of ${runningActor()}`));
      });
      await sleeper;
    });
    expect(clock.nowMs()).toBe(100);
    expect(actors).toEqual(["timer of other", "sleeper"]);
  });

  test("tells who stands where when nothing can go on", async () => {
    const scheduler = new Scheduler({ policy: firstCome });
    const stuck = scheduler.run(() =>
      scheduler.spawn("waiter", async () => {
        await point(new Promise(() => undefined), "waiting for nobody");
      }),
    );
    await expect(stuck).rejects.toThrow("no actor can move\n  waiter waits at waiting for nobody");
    await expect(stuck).rejects.toBeInstanceOf(StuckError);
    expect(runningActor()).toBeUndefined();
  });

  test("ends a run that goes round for ever", async () => {
    const scheduler = new Scheduler({ policy: firstCome, choicesMax: 1_000 });
    const round = scheduler.run(async () => {
      for (;;) await point(undefined, "round");
    });
    await expect(round).rejects.toThrow("not over after 1000 choices");
  });

  test("passes on a failure through a point, and a broken invariant", async () => {
    const failing = new Scheduler({ policy: firstCome });
    await expect(
      failing.run(async () => {
        await point(Promise.reject(new Error("of the work")), "failing");
      }),
    ).rejects.toThrow("of the work");
    const checked = new Scheduler({
      policy: firstCome,
      settled: () => {
        throw new Error("an invariant");
      },
    });
    await expect(checked.run(async () => undefined)).rejects.toThrow("an invariant");
  });

  test("has a point after each item of a loop and after letting a resource go", async () => {
    const names: string[] = [];
    const scheduler = new Scheduler({ policy: firstCome, chosen: (turn) => names.push(turn?.name ?? "time") });
    const seen: number[] = [];
    const resource = { [Symbol.asyncDispose]: async () => undefined };
    await scheduler.run(async () => {
      for await (const item of points([1, Promise.resolve(2)], "loop")) {
        seen.push(item);
        if (item === 2) break;
      }
      await held(resource, "resource")[Symbol.asyncDispose]?.();
    });
    expect(seen).toEqual([1, 2]);
    expect(names).toEqual(["loop", "loop", "resource let go"]);
  });
});

describe("all orders", () => {
  test("are as many as there are, and find the update that is lost", async () => {
    const values: number[] = [];
    const { orderCount, isComplete } = await exploreOrders(
      async (policy) => {
        values.push((await race(policy)).value);
      },
      { ordersMax: 100 },
    );
    // Two actors with two turns each: 4! / (2! 2!).
    expect({ orderCount, isComplete }).toEqual({ orderCount: 6, isComplete: true });
    expect(values.filter((value) => value === 1)).toHaveLength(4);
  });

  test("can be limited to those with few interruptions", async () => {
    const values: number[] = [];
    const note = async (policy: Policy): Promise<void> => {
      values.push((await race(policy)).value);
    };
    expect(await exploreOrders(note, { ordersMax: 100, interruptionsMax: 0 })).toEqual({
      orderCount: 2,
      isComplete: true,
    });
    expect(values).toEqual([2, 2]);
    expect(await exploreOrders(note, { ordersMax: 3 })).toEqual({ orderCount: 3, isComplete: false });
  });

  test("a wrong one is told with its turns", async () => {
    const search = exploreOrders(
      async (policy) => {
        expect((await race(policy)).value).toBe(2);
      },
      { ordersMax: 100 },
    );
    await expect(search).rejects.toThrow(
      /order 2 is wrong.*\n.*\n {2}a goes on from begins\n {2}b goes on from begins\n {2}b goes/,
    );
  });
});

describe("a forced order", () => {
  test("runs each actor to the point it names", async () => {
    const policy = new ForcedPolicy([{ actor: "b", until: "increase: between" }, { actor: "a" }, { actor: "b" }]);
    const { value } = await race(policy);
    expect(value).toBe(1);
    expect(policy.stepsLeft).toEqual([]);
  });

  test("says where the actor stands when it does not come to the point", async () => {
    const policy = new ForcedPolicy([{ actor: "b", until: "elsewhere" }]);
    await expect(race(policy)).rejects.toThrow('b does not come to "elsewhere"; it stands at: it has ended');
  });
});
