/** The estimate of a store's speed: it follows, but not every burst. */
import { describe, expect, it } from "vitest";
import { initialBytesPerSecond, WriteBandwidth } from "../../../../src/cache/writeback/write-bandwidth.ts";

function fed(
  megabytesPerSecond: number,
  updates: number,
  bandwidth: WriteBandwidth = new WriteBandwidth(),
): WriteBandwidth {
  for (let count = 0; count < updates; count++) bandwidth.update(megabytesPerSecond * 200_000, 200);
  return bandwidth;
}

describe("write bandwidth", () => {
  it("begins with a guess and comes to the truth from either side", () => {
    expect(new WriteBandwidth().averageBytesPerSecond).toBe(initialBytesPerSecond);
    expect(fed(5, 200).averageBytesPerSecond / 5e6).toBeCloseTo(1, 2);
    expect(fed(900, 200).averageBytesPerSecond / 900e6).toBeCloseTo(1, 2);
  });

  it("hardly moves for one burst, and takes seconds to believe a change", () => {
    const bandwidth = fed(20, 300);
    bandwidth.update(200e6, 200);
    expect(bandwidth.averageBytesPerSecond / 20e6).toBeLessThan(1.01);
    const changed = fed(40, 5, fed(20, 300));
    expect(changed.averageBytesPerSecond / 20e6).toBeLessThan(1.3);
    expect(fed(40, 60, changed).averageBytesPerSecond / 40e6).toBeGreaterThan(0.95);
  });

  it("takes a measurement over more than its period for what it says", () => {
    const bandwidth = new WriteBandwidth();
    bandwidth.update(50e6, 10_000);
    expect(bandwidth.averageBytesPerSecond).toBe(5e6);
  });

  it("never believes a store to be dead: it goes on asking for a byte a second", () => {
    expect(fed(0, 2000).averageBytesPerSecond).toBeGreaterThanOrEqual(1);
  });
});
