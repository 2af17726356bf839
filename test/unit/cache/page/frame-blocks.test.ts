/** Frames are views of few blocks, one behind the other, and never more of them than the budget has. */
import { describe, expect, test } from "vitest";
import { FrameBlocks, isOfBlock } from "../../../../src/cache/page/frame-blocks.ts";

const frameBytes = 64 * 1024;
const mebi = 1024 * 1024;

function cutAll(blocks: FrameBlocks, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => blocks.cut());
}

describe("the memory of frames", () => {
  test("[S5.9] is made in blocks that grow, as many bytes as the budget has and no more", () => {
    const made: number[] = [];
    const blocks = new FrameBlocks(frameBytes, 1000, (byteCount) => {
      made.push(byteCount / mebi);
      return new Uint8Array(byteCount);
    });
    expect(made).toEqual([]);
    const frames = cutAll(blocks, 1000);
    expect(made).toEqual([1, 3, 12, 46.5]);
    expect(frames.every(isOfBlock)).toBe(true);
    expect(frames.every((frame) => frame.byteLength === frameBytes)).toBe(true);
    expect(isOfBlock(blocks.cut())).toBe(false);
    expect(made).toHaveLength(4);
  });

  test("no two frames have a byte in common, also where a block begins inside of its ArrayBuffer", () => {
    const blocks = new FrameBlocks(4096, 2048, (byteCount) => new Uint8Array(new ArrayBuffer(byteCount + 48), 48));
    const frames = cutAll(blocks, 2049);
    for (const [at, frame] of frames.entries()) frame.fill(at % 251);
    for (const [at, frame] of frames.entries()) expect(frame.every((byte) => byte === at % 251)).toBe(true);
  });

  test("where there is no room for a block, frames are made one by one", () => {
    let asked = 0;
    const blocks = new FrameBlocks(frameBytes, 100, () => {
      asked += 1;
      throw new RangeError("Array buffer allocation failed");
    });
    const frames = cutAll(blocks, 20);
    expect(frames.some(isOfBlock)).toBe(false);
    expect(new Set(frames.map((frame) => frame.buffer)).size).toBe(20);
    expect(asked).toBe(1);
  });
});
