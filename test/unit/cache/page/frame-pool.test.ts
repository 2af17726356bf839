/** The frames of a cache: never more than the budget, each given back once, abandoned ones free after the late answer. */
import { describe, expect, test } from "vitest";
import { AssertionFailure } from "../../../../src/base/index.ts";
import { FramePool } from "../../../../src/cache/page/frame-pool.ts";

/** An operation that is late. */
class LateAnswer {
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  readonly promise: Promise<void> = new Promise((resolve, reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  });

  end(): void {
    this.#resolve();
  }

  fail(): void {
    this.#reject(new Error("late, and refused"));
  }
}

/** What a page does whose frame a late operation may touch; answers the frame in exchange. */
function abandon(pool: FramePool, frame: Uint8Array, late: Promise<unknown>): Uint8Array {
  pool.touchedUntil(frame, late);
  const exchanged = pool.replace(late);
  pool.leave(frame);
  return exchanged;
}

/** All that can be taken now, or more than the budget. */
function takeAll(pool: FramePool): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let frame = pool.tryTake(); frame !== undefined; frame = pool.tryTake()) {
    frames.push(frame);
    if (frames.length > pool.frameCountMax) break;
  }
  return frames;
}

function freeFramesOf(pool: FramePool): Uint8Array[] {
  const frames = takeAll(pool);
  for (const frame of frames) pool.give(frame);
  return frames;
}

/** Waits until whoever listens to the promise has heard. */
async function settled(promise: Promise<unknown>): Promise<void> {
  await promise.catch(() => undefined);
  await Promise.resolve();
}

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

  test("[S5.9] an abandoned frame counts against the budget until its operation has ended, and is free then", async () => {
    const pool = new FramePool(4096, 2);
    const frame = pool.tryTake() as Uint8Array;
    const late = new LateAnswer();
    const exchanged = abandon(pool, frame, late.promise);
    expect(exchanged).not.toBe(frame);
    expect(pool.abandonedCount).toBe(1);
    // One is taken and one abandoned: the budget of two is spent.
    expect(pool.tryTake()).toBeUndefined();
    pool.give(exchanged);
    expect(pool.tryTake()).toBe(exchanged);
    expect(pool.tryTake()).toBeUndefined();
    late.end();
    await late.promise;
    await Promise.resolve();
    expect(pool.abandonedCount).toBe(0);
    expect(pool.tryTake()).toBe(frame);
    expect(pool.tryTake()).toBeUndefined();
    pool.checkInvariants();
  });

  test("[S5.9] an abandoned frame is nobody's until the last late operation has ended, failed or not, and its page has left it", async () => {
    const pool = new FramePool(4096, 4);
    const frame = pool.tryTake() as Uint8Array;
    const read = new LateAnswer();
    const write = new LateAnswer();
    pool.touchedUntil(frame, read.promise);
    const exchanged = pool.replace(read.promise);
    pool.touchedUntil(frame, write.promise);
    read.end();
    await settled(read.promise);
    expect(freeFramesOf(pool)).not.toContain(frame);
    pool.leave(frame);
    expect(freeFramesOf(pool)).not.toContain(frame);
    write.fail();
    await settled(write.promise);
    expect(freeFramesOf(pool)).toContain(frame);
    expect(freeFramesOf(pool)).not.toContain(exchanged);
  });

  test("[S5.9] a frame that is still used when its late operation has ended waits for that", async () => {
    const pool = new FramePool(4096, 4);
    const frame = pool.tryTake() as Uint8Array;
    pool.touchedUntil(frame, Promise.resolve());
    pool.replace(Promise.resolve());
    await settled(Promise.resolve());
    expect(freeFramesOf(pool)).not.toContain(frame);
    pool.leave(frame);
    expect(freeFramesOf(pool)).toContain(frame);
  });

  test("[S5.9] frames that come and go through late answers stay those of the budget", async () => {
    const pool = new FramePool(4096, 8);
    const seen = new Set<Uint8Array>();
    for (let round = 0; round < 50; round++) {
      const taken = takeAll(pool);
      expect(taken).toHaveLength(8);
      for (const frame of taken) seen.add(frame);
      const late = new LateAnswer();
      for (const frame of taken.splice(0, 2)) taken.push(abandon(pool, frame, late.promise));
      for (const frame of taken) pool.give(frame);
      late.end();
      await settled(late.promise);
      pool.checkInvariants();
    }
    // Those that were made in exchange, beyond the blocks, have gone again.
    expect(seen.size).toBe(8);
  });

  test("a free frame is used in exchange before a new one is made", () => {
    const pool = new FramePool(4096, 2);
    const late = pool.tryTake() as Uint8Array;
    const free = pool.tryTake() as Uint8Array;
    pool.give(free);
    expect(abandon(pool, late, new Promise(() => undefined))).toBe(free);
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
