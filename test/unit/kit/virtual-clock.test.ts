/** The virtual clock itself: simulations are worth as much as it is. */
import { describe, expect, it } from "vitest";
import { delay } from "../../../src/base/index.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";

describe("virtual clock", () => {
  it("runs timers in the order of their times, equal ones as they were set, and at their own time", async () => {
    const clock = new VirtualClock(100);
    const seen: string[] = [];
    const note = (name: string) => (): void => {
      seen.push(`${name}@${clock.nowMs()}`);
    };
    clock.after(20, note("late"));
    clock.after(10, note("first"));
    clock.after(10, note("second"));
    clock.after(30, note("never"))();
    await clock.advance(15);
    expect(seen).toEqual(["first@110", "second@110"]);
    expect(clock.nowMs()).toBe(115);
    await clock.advance(100);
    expect(seen).toEqual(["first@110", "second@110", "late@120"]);
    expect(clock.timerCount).toBe(0);
    expect(clock.nowMs()).toBe(215);
  });

  it("lets everything that a timer set going go on before the next timer", async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const work = async (name: string, ms: number): Promise<void> => {
      await delay(clock, ms);
      for (let step = 0; step < 5; step++) await Promise.resolve();
      seen.push(`${name}@${clock.nowMs()}`);
      await delay(clock, 1);
      seen.push(`${name} again@${clock.nowMs()}`);
    };
    await clock.during(Promise.all([work("a", 5), work("b", 5.5)]));
    expect(seen).toEqual(["a@5", "b@5.5", "a again@6", "b again@6.5"]);
  });

  it("says so when a promise does not settle in time, and hands on a rejection", async () => {
    const clock = new VirtualClock();
    await expect(clock.during(new Promise(() => undefined), 1000)).rejects.toThrow("not settled within 1000 ms");
    const failing = delay(clock, 10).then(() => Promise.reject(new Error("as it should")));
    await expect(clock.during(failing)).rejects.toThrow("as it should");
  });

  it("moves the wall clock along", async () => {
    const clock = new VirtualClock(50);
    const before = clock.wallTimeNs();
    await clock.advance(2.5);
    expect(clock.wallTimeNs() - before).toBe(2_500_000n);
  });
});
