/** The machine's clock: forward only, in the unit it says, and timers that can be taken back. */
import { describe, expect, it } from "vitest";
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
