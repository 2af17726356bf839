/** Frames made ahead: prepared before anybody has them, never more than a quarter of the budget, never beyond it. */
import { describe, expect, test } from "vitest";
import type { PlatformMemory } from "../../../../src/cache/page/frame-blocks.ts";
import { FramePool } from "../../../../src/cache/page/frame-pool.ts";

const frameBytes = 64 * 1024;

/** Memory that is being prepared until `arrive` is called. */
class Preparation {
  readonly batches: (readonly Uint8Array[])[] = [];
  readonly #ends: (() => void)[] = [];
  readonly memory: PlatformMemory = {
    make: (byteCount) => new Uint8Array(byteCount),
    prepare: (pieces) => {
      this.batches.push(pieces);
      return new Promise((resolve) => this.#ends.push(resolve));
    },
  };

  async arrive(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    await Promise.resolve();
    await Promise.resolve();
  }
}

function poolOf(frameCountMax: number): { pool: FramePool; preparation: Preparation } {
  const preparation = new Preparation();
  const pool = new FramePool(frameBytes, frameCountMax, () => undefined, preparation.memory);
  return { pool, preparation };
}

describe("frames made ahead", () => {
  test("[S5.9] a quarter of the budget is prepared batch by batch, and whole pages get those frames first", async () => {
    const { pool, preparation } = poolOf(128);
    expect(preparation.batches.map((batch) => batch.length)).toEqual([16]);
    await preparation.arrive();
    await preparation.arrive();
    await preparation.arrive();
    expect(preparation.batches.map((batch) => batch.length)).toEqual([16, 16]);
    const prepared = preparation.batches.flat();
    expect(prepared).toContain(pool.tryTake());
    expect(prepared).not.toContain(pool.tryTake("piece"));
    pool.checkInvariants();
  });

  test("[S5.9] frames made ahead count against the budget, and are had when nothing else is left", async () => {
    const { pool, preparation } = poolOf(16);
    await preparation.arrive();
    const taken = Array.from({ length: 16 }, () => pool.tryTake("piece"));
    expect(taken.every((frame) => frame !== undefined)).toBe(true);
    expect(new Set(taken).size).toBe(16);
    expect(taken).toContain(preparation.batches[0]?.[0]);
    expect(pool.tryTake()).toBeUndefined();
    pool.checkInvariants();
  });

  test("[S5.9] frames that are still being prepared are nobody's yet, and whoever waits hears when they are ready", async () => {
    let heard = 0;
    const preparation = new Preparation();
    const pool = new FramePool(frameBytes, 16, () => heard++, preparation.memory);
    for (let count = 0; count < 12; count++) expect(pool.tryTake()).toBeDefined();
    expect(pool.tryTake()).toBeUndefined();
    await preparation.arrive();
    expect(heard).toBe(1);
    expect(pool.tryTake()).toBeDefined();
    pool.checkInvariants();
  });

  test("a closed pool orders no more", async () => {
    const { pool, preparation } = poolOf(128);
    pool.close();
    await preparation.arrive();
    expect(preparation.batches).toHaveLength(1);
  });
});
