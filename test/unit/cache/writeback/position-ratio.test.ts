/** The control curve: where it is 2, 1 and 0, and how a slow store bends it. */
import { describe, expect, it } from "vitest";
import { freerunBytes, positionRatio, setpointBytes } from "../../../../src/cache/writeback/position-ratio.ts";

describe("position ratio", () => {
  const setpoint = 44;
  const limit = 50;

  it("has its marks half way between background and limit, and half way from there to the limit", () => {
    expect(freerunBytes(10, 20)).toBe(15);
    expect(setpointBytes(10, 20)).toBe(17.5);
  });

  it("is 1 at the setpoint, 0 at the limit, at most 2, and falls all the way", () => {
    expect(positionRatio(setpoint, setpoint, limit, 1e9)).toBeCloseTo(1, 6);
    expect(positionRatio(limit, setpoint, limit, 1e9)).toBe(0);
    expect(positionRatio(0, setpoint, limit, 1e9)).toBe(2);
    let last = 3;
    for (let dirty = 30; dirty <= 55; dirty += 0.25) {
      const ratio = positionRatio(dirty, setpoint, limit, 1e9);
      expect(ratio).toBeLessThanOrEqual(last);
      last = ratio;
    }
  });

  it("falls earlier for a slow store, to a quarter at most", () => {
    expect(positionRatio(46, setpoint, limit, 0.25)).toBeCloseTo(positionRatio(46, setpoint, limit, 1e9) / 4, 6);
    expect(positionRatio(45, setpoint, limit, 0.25)).toBeCloseTo(positionRatio(45, setpoint, limit, 1e9) / 2, 6);
  });
});
