/** Memory is made real by filling it, all of it, and begins where the machine's pages do. */
import koffi from "koffi";
import { expect, test } from "vitest";
import { platformMemory } from "../../../src/system/index.ts";

test("every piece is filled with zeros, however many there are", async () => {
  const pieces = Array.from({ length: 20 }, () => new Uint8Array(10_000).fill(7));
  await platformMemory.prepare(pieces);
  for (const piece of pieces) expect(piece.every((byte) => byte === 0)).toBe(true);
});

test("memory is as large as asked for and begins at a page of the machine", () => {
  for (const byteCount of [65_536, 1_000_000, 64 * 1024 * 1024]) {
    const memory = platformMemory.make(byteCount);
    expect(memory.byteLength).toBe(byteCount);
    expect((koffi.address(memory) as bigint) % 4096n).toBe(0n);
    memory[byteCount - 1] = 1;
  }
});
