/** Writes to parts of pages, and writes whose source breaks off: nothing beside the written bytes is spoiled. */
import { describe, expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bytesOf, gatedFile, pageSize, readBack, storedFile } from "../../../kit/gated-file.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };

describe("[S0.28] a write to a part of a page that is not cached", () => {
  test("leaves the store's bytes beside it, and zeros beyond the end, whatever the frame held before", async () => {
    const file = await storedFile(bytesOf(pageSize + 100, 7), noReadahead);
    await file.space.write(10, bytesOf(20, 1), alice);
    await file.space.write(pageSize + 50, bytesOf(100, 2), alice);
    await file.space.write(2 * pageSize + 500, bytesOf(10, 3), alice);
    expect(file.gates.of("read")).toEqual([]);
    const expected = new Uint8Array(2 * pageSize + 510);
    expected
      .fill(7, 0, pageSize + 100)
      .fill(1, 10, 30)
      .fill(2, pageSize + 50, pageSize + 150);
    expected.fill(3, 2 * pageSize + 500);
    expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(expected);
  });

  test("sends nothing of what lies beside it", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
    await file.space.write(pageSize - 5, bytesOf(10, 1), alice);
    await file.space.sync(alice);
    expect(file.gates.of("write").map(({ offset, byteCount }) => [offset, byteCount])).toEqual([[pageSize - 5, 10]]);
  });

  test("[S1.6] and a fill that fails leaves the written bytes valid", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    await file.space.write(10, bytesOf(20, 1), alice);
    file.gates.close("read");
    const reading = readBack(file.space, 0, pageSize);
    (await file.gates.arrived("read", 1)).answerCount(2 * pageSize);
    (await file.gates.arrived("read", 2)).answerCount(2 * pageSize);
    await expect(reading).rejects.toMatchObject({ code: "EBADMSG" });
    expect(await readBack(file.space, 10, 20)).toEqual(bytesOf(20, 1));
    expect(file.gates.of("read")).toHaveLength(2);
    file.cache.checkInvariants();
  });
});

test("[S1.2] a source that goes away midway leaves what the pages held before, and the write says how far it came", async () => {
  const limits = { ...noReadahead, dirtyLimitBytes: 8 * pageSize, dirtyBackgroundBytes: 4 * pageSize };
  const file = await gatedFile(limits, { writeBytesMax: pageSize });
  await file.clock.during(file.space.write(0, bytesOf(12 * pageSize, 7), alice));
  await file.clock.during(file.space.sync(alice));
  file.gates.close("write");
  const source = bytesOf(12 * pageSize, 1);
  const writing = file.space.write(0, source, alice);
  await file.gates.arrived("write", 13);
  structuredClone(source, { transfer: [source.buffer as ArrayBuffer] });
  file.gates.open("write");
  const written = await file.clock.during(writing);
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThan(12 * pageSize);
  const expected = bytesOf(12 * pageSize, 7).fill(1, 0, written);
  expect(await readBack(file.space, 0, 12 * pageSize)).toEqual(expected);
  file.cache.checkInvariants();
});

describe("a page in more pieces than are kept", () => {
  test.each([
    ["[G3] [G15]", "does not let the writer read", "EACCES"],
    ["[G3]", "fails to read", "EIO"],
  ] as const)("%s takes writes although the store %s", async (_ids, _how, code) => {
    const size = 64 * 1024;
    const file = await gatedFile({ ...noReadahead, pageSize: size, budgetBytes: 16 * size });
    await file.space.write(0, bytesOf(size, 7), asSuperuser);
    await file.space.sync(asSuperuser);
    await file.space.invalidate(0, Number.POSITIVE_INFINITY, asSuperuser);
    file.gates.close("read");
    const expected = bytesOf(size, 7);
    for (let at = 0; at < size; at += 400) {
      const writing = file.space.write(at, bytesOf(10, 1), alice);
      await settle();
      for (const read of file.gates.of("read")) read.refuse(new Failure(code));
      expect(await file.clock.during(writing)).toBe(10);
      expected.fill(1, at, at + 10);
    }
    expect(file.cache.counters.writeVerdicts.fillFirst).toBeGreaterThan(0);
    file.gates.open("read");
    expect(await readBack(file.space, 0, size)).toEqual(expected);
    await file.clock.during(file.space.sync(asSuperuser));
    expect(await bytesAtStore(file)).toEqual(expected);
    file.cache.checkInvariants();
  });
});
