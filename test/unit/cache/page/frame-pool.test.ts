/** The frames of a cache: never more than the budget, each given back once, abandoned ones never used again. */
import { describe, expect, test } from "vitest";
import { AssertionFailure } from "../../../../src/base/index.ts";
import { FramePool } from "../../../../src/cache/page/frame-pool.ts";

describe("a frame pool", () => {
  test("[S5.9] gives out as many frames as the budget has, and the same ones again", () => {
    const pool = new FramePool(4096, 3);
    const frames = [pool.tryTake(), pool.tryTake(), pool.tryTake()];
    expect(frames.every((frame) => frame?.length === 4096)).toBe(true);
    expect(pool.tryTake()).toBeUndefined();
    pool.give(frames[1] as Uint8Array);
    expect(pool.tryTake()).toBe(frames[1]);
    expect(pool.tryTake()).toBeUndefined();
    pool.checkInvariants();
  });

  test("a frame that never was taken, and one of another size, are not taken back", () => {
    const pool = new FramePool(4096, 2);
    expect(() => pool.give(new Uint8Array(4096))).toThrow(AssertionFailure);
    pool.tryTake();
    expect(() => pool.give(new Uint8Array(8192))).toThrow(AssertionFailure);
  });

  test("[S5.9] an abandoned frame counts against the budget until its operation has ended", async () => {
    const pool = new FramePool(4096, 2);
    const late = pool.tryTake() as Uint8Array;
    let end = (): void => undefined;
    const settled = new Promise<void>((resolve) => {
      end = resolve;
    });
    const exchanged = pool.replace(settled);
    expect(exchanged).not.toBe(late);
    expect(pool.abandonedCount).toBe(1);
    // One is taken and one abandoned: the budget of two is spent.
    expect(pool.tryTake()).toBeUndefined();
    pool.give(exchanged);
    const again = pool.tryTake();
    expect(again).toBe(exchanged);
    end();
    await settled;
    await Promise.resolve();
    expect(pool.abandonedCount).toBe(0);
    const other = pool.tryTake();
    expect(other).toBeDefined();
    expect(other).not.toBe(late);
    pool.checkInvariants();
  });

  test("a free frame is used in exchange before a new one is made", () => {
    const pool = new FramePool(4096, 2);
    const late = pool.tryTake() as Uint8Array;
    const free = pool.tryTake() as Uint8Array;
    pool.give(free);
    expect(pool.replace(new Promise(() => undefined))).toBe(free);
    expect(pool.freeCount).toBe(0);
    expect(late).not.toBe(free);
  });

  test("a pool with a quarter of its frames abandoned entrusts no more", () => {
    const pool = new FramePool(4096, 8);
    pool.replace(new Promise(() => undefined));
    expect(pool.isOverAbandoned).toBe(false);
    pool.replace(new Promise(() => undefined));
    expect(pool.isOverAbandoned).toBe(true);
  });
});
