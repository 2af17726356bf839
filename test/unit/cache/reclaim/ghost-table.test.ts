/** The memory of what is gone: it knows what went lately, forgets what went long ago, and never grows. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GhostTable } from "../../../../src/cache/reclaim/ghost-table.ts";

describe("ghost table", () => {
  it("tells how long ago a key went, once", () => {
    const ghosts = new GhostTable(100);
    ghosts.remember(7, 10);
    expect(ghosts.take(8, 15)).toBe(-1);
    expect(ghosts.take(7, 15)).toBe(5);
    expect(ghosts.take(7, 15)).toBe(-1);
  });

  it("takes the later time of a key that went twice", () => {
    const ghosts = new GhostTable(100);
    ghosts.remember(7, 10);
    ghosts.remember(7, 20);
    expect(ghosts.take(7, 25)).toBe(5);
    expect(ghosts.take(7, 25)).toBe(-1);
  });

  it("counts on over the end of 32 bits, and takes any 32-bit key, negative and zero", () => {
    const ghosts = new GhostTable(100);
    fc.assert(
      fc.property(fc.integer(), fc.nat(0xffffffff), fc.nat(1000), (key, age, later) => {
        ghosts.remember(key, age);
        expect(ghosts.take(key, (age + later) >>> 0)).toBe(later);
      }),
    );
  });

  it("knows nearly all of the last keys that it was sized for, and few of much older ones", () => {
    const count = 4096;
    const ghosts = new GhostTable(count);
    const keyOf = (number: number): number => Math.imul(number + 1, 0x9e3779b1);
    for (let number = 0; number < count * 20; number++) ghosts.remember(keyOf(number), number);
    let late = 0;
    let early = 0;
    for (let number = 0; number < count * 20; number++) {
      if (ghosts.take(keyOf(number), count * 20) < 0) continue;
      if (number >= count * 19) late++;
      else if (number < count * 15) early++;
    }
    expect(late).toBeGreaterThan(count * 0.9);
    expect(early).toBeLessThan(count * 0.1);
    expect(ghosts.capacity).toBeLessThanOrEqual(count * 2.5);
  });

  it("may be of no size", () => {
    const ghosts = new GhostTable(0);
    for (let key = 0; key < 100; key++) ghosts.remember(key, key);
    expect(ghosts.capacity).toBe(4);
  });
});
