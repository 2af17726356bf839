/** The seeded generator: replayable, in bounds, and even enough for what it decides. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../../src/base/index.ts";

describe("seeded random", () => {
  it("gives the same numbers for the same seed and others for another", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const draw = (from: number): number[] => {
          const random = new SeededRandom(from);
          return Array.from({ length: 8 }, () => random.next());
        };
        expect(draw(seed)).toEqual(draw(seed));
        expect(draw(seed)).not.toEqual(draw(seed + 1));
      }),
    );
  });

  it("stays in bounds", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 40 }), (seed, bound) => {
        const random = new SeededRandom(seed);
        const drawn = random.below(bound);
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < bound).toBe(true);
        const word = random.next();
        expect(word >>> 0).toBe(word);
        expect([1, 2, 3]).toContain(random.pick([1, 2, 3]));
      }),
    );
  });

  it("spreads evenly, and takes chances as often as it is told", () => {
    const random = new SeededRandom(1);
    const counts = new Array<number>(16).fill(0);
    let taken = 0;
    for (let draw = 0; draw < 160_000; draw++) {
      const at = random.below(16);
      counts[at] = (counts[at] as number) + 1;
      if (random.chance(0.3)) taken++;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect(Math.abs(taken / 160_000 - 0.3)).toBeLessThan(0.01);
    expect(random.chance(0)).toBe(false);
    expect(random.chance(1)).toBe(true);
  });

  it("refuses to pick from nothing", () => {
    expect(() => new SeededRandom(1).pick([])).toThrow(RangeError);
  });
});
