/** Data and holes of a file whose store has not taken everything, whatever it says to the rest. */
import { describe, expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import type { GatedFile } from "../../../kit/gated-file.ts";
import { alice, bytesOf, gatedFile } from "../../../kit/gated-file.ts";

/** The memory server has holes in pieces of this size. */
const piece = 65_536;
const roomy = { readaheadBytesMax: 0, budgetBytes: 32 * piece };

/** Ranges of data, found as a copier finds them. */
async function segmentsOf(file: GatedFile): Promise<[number, number][]> {
  const segments: [number, number][] = [];
  let at = await file.space.seek(0, "data", alice);
  while (at !== undefined) {
    const end = await file.space.seek(at, "hole", alice);
    if (end === undefined) throw new Error("there is a hole behind all data");
    segments.push([at, end]);
    at = await file.space.seek(end, "data", alice);
  }
  return segments;
}

/** Data at the store in pieces 0 and 1, then unsent bytes that touch it, lie apart, and go beyond its end. */
async function halfSent(): Promise<GatedFile> {
  const file = await gatedFile(roomy);
  await file.space.write(0, bytesOf(2 * piece, 1), alice);
  await file.space.sync(alice);
  await file.space.write(2 * piece, bytesOf(100, 2), alice);
  await file.space.write(5 * piece, bytesOf(2 * piece, 3), alice);
  await file.space.truncate(20 * piece, alice);
  await file.space.write(19 * piece, bytesOf(piece, 4), alice);
  return file;
}

const expected = [
  [0, 2 * piece + 100],
  [5 * piece, 7 * piece],
  [19 * piece, 20 * piece],
];

describe("SEEK_DATA and SEEK_HOLE", () => {
  test("[G8] find unsent data without sending it", async () => {
    const file = await halfSent();
    const sent = file.gates.of("write").length;
    expect(await segmentsOf(file)).toEqual(expected);
    expect(file.gates.of("write")).toHaveLength(sent);
    expect(await file.space.seek(20 * piece, "data", alice)).toBeUndefined();
    expect(await file.space.seek(20 * piece, "hole", alice)).toBeUndefined();
    expect(await file.space.seek(3 * piece, "hole", alice)).toBe(3 * piece);
  });

  test("[G2] [G8] find data that the store refuses, and data in flight", async () => {
    const file = await halfSent();
    file.gates.close("write");
    const before = file.gates.of("write").length;
    const syncing = file.space.sync(alice);
    const refused = await file.gates.arrived("write", before + 1);
    expect(await segmentsOf(file)).toEqual(expected);
    refused.refuse(new Failure("EDQUOT"));
    await syncing;
    expect(await segmentsOf(file)).toEqual(expected);
    file.gates.open("write");
    await file.space.sync(alice);
    expect(file.space.dirtyBytes).toBe(0);
    expect((await segmentsOf(file)).map(([start]) => start)).toEqual(expected.map(([start]) => start));
  });

  test("[G8] find data that the store takes while it is asked", async () => {
    const file = await gatedFile(roomy);
    await file.space.truncate(4 * piece, alice);
    await file.space.write(piece, bytesOf(piece, 1), alice);
    file.gates.close("seek");
    const seeking = file.space.seek(0, "data", alice);
    const answer = (await file.gates.arrived("seek", 1)).passHoldingAnswer();
    await file.space.sync(alice);
    answer();
    expect(await seeking).toBe(piece);
  });

  test("[S5.2] shows refused bytes that are nowhere else as data", async () => {
    const file = await halfSent();
    file.gates.close("write");
    const syncing = file.space.sync(alice);
    for (let count = 2; count <= 4; count++) {
      (await file.gates.arrived("write", count)).refuse(new Failure("EACCES"));
    }
    await syncing;
    expect([file.space.dirtyBytes, file.space.unrescuedBytes]).toEqual([0, 3 * piece + 100]);
    expect(await segmentsOf(file)).toEqual(expected);
  });
});
