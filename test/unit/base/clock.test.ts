/** The machine's clock: forward only, in the unit it says, and timers that can be taken back. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { delay, systemClock } from "../../../src/base/index.ts";

describe("system clock", () => {
  it("goes forward, and its wall time is the machine's in nanoseconds", () => {
    let last = systemClock.nowMs();
    for (let reading = 0; reading < 1000; reading++) {
      const now = systemClock.nowMs();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
    const differenceNs = systemClock.wallTimeNs() - BigInt(Date.now()) * 1_000_000n;
    expect(Math.abs(Number(differenceNs))).toBeLessThan(1e9);
  });

  it("calls back after the delay, once, and not when it was taken back", async () => {
    const startMs = systemClock.nowMs();
    let calls = 0;
    const cancel = systemClock.after(1, () => {
      calls++;
    });
    systemClock.after(1, () => {
      calls += 100;
    })();
    await delay(systemClock, 10);
    expect(systemClock.nowMs() - startMs).toBeGreaterThanOrEqual(9);
    expect(calls).toBe(1);
    cancel();
    cancel();
  });
});

describe("a delay that is longer than a timer of the platform", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("[S5.10] is not over at once: it lasts as long as it says, and Infinity for ever", () => {
    vi.useFakeTimers();
    const longMs = 2 ** 32 + 5_000;
    const calls: string[] = [];
    systemClock.after(longMs, () => calls.push("long"));
    const forget = systemClock.after(Number.POSITIVE_INFINITY, () => calls.push("never"));
    const taken = systemClock.after(longMs, () => calls.push("taken back"));
    vi.advanceTimersByTime(longMs - 1);
    taken();
    expect(calls).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(calls).toEqual(["long"]);
    vi.advanceTimersByTime(2 ** 34);
    expect(calls).toEqual(["long"]);
    forget();
    expect(vi.getTimerCount()).toBe(0);
  });
});
