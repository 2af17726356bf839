/** Memory is made real by filling it, all of it. */
import { expect, test } from "vitest";
import { prepareMemory } from "../../../src/system/index.ts";

test("every piece is filled with zeros, however many there are", async () => {
  const pieces = Array.from({ length: 20 }, () => new Uint8Array(10_000).fill(7));
  await prepareMemory(pieces);
  for (const piece of pieces) expect(piece.every((byte) => byte === 0)).toBe(true);
});
