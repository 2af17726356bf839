/** Write records: what joins them, and what ends them. */
import { describe, expect, test } from "vitest";
import { AssertionFailure } from "../../../../src/base/index.ts";
import { WriteRecord } from "../../../../src/cache/writeback/write-record.ts";
import { alice, bob, bytesOf, gatedFile, pageSize } from "../../../kit/gated-file.ts";

const noReadahead = { readaheadBytesMax: 0 };

describe("a write record", () => {
  test("[S0.3] takes in what overlaps it or follows on at once, of the same credential only", () => {
    const record = new WriteRecord(alice.credential, 100, 200, 0);
    expect(record.accepts(alice.credential, 150, 300)).toBe(true);
    expect(record.accepts(alice.credential, 200, 300)).toBe(true);
    expect(record.accepts(alice.credential, 0, 100)).toBe(true);
    expect(record.accepts(alice.credential, 201, 300)).toBe(false);
    expect(record.accepts(bob.credential, 150, 160)).toBe(false);
    record.widen(50, 120);
    record.widen(150, 300);
    expect([record.start, record.end]).toEqual([50, 300]);
  });

  test("[S0.2] merges only while it is pending", () => {
    for (const close of [
      (record: WriteRecord) => record.advance("conflict"),
      (record: WriteRecord) => record.advance("sync"),
      (record: WriteRecord) => record.advance("write"),
      (record: WriteRecord) => record.advance("reject"),
    ]) {
      const record = new WriteRecord(alice.credential, 0, 100, 0);
      record.addPage();
      close(record);
      expect(record.accepts(alice.credential, 0, 100)).toBe(false);
      expect(() => record.widen(0, 10)).toThrow(AssertionFailure);
    }
  });

  test("[S0.1] ends with the last page that points to it", () => {
    const record = new WriteRecord(alice.credential, 0, 100, 0);
    record.addPage();
    record.addPage();
    record.advance("write");
    record.releasePage();
    expect(record.state).toBe("writing");
    record.releasePage();
    expect(record.state).toBe("complete");
    expect(() => record.releasePage()).toThrow(AssertionFailure);
    expect(() => record.advance("write")).toThrow(AssertionFailure);
  });

  test("[S0.1] [S0.3] pages written one after the other share a record; a leap or another writer begins one", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(2 * pageSize, 1), alice);
    await file.space.write(2 * pageSize, bytesOf(100, 1), alice);
    await file.space.write(pageSize + 5, bytesOf(10, 2), alice);
    const record = file.space.pages.get(0)?.record;
    expect(record).toMatchObject({ start: 0, end: 2 * pageSize + 100, usage: 3, state: "pending" });
    expect([1, 2].map((page) => file.space.pages.get(page)?.record)).toEqual([record, record]);
    await file.space.write(5 * pageSize, bytesOf(10, 1), alice);
    await file.space.write(3 * pageSize, bytesOf(10, 1), bob);
    expect(file.space.pages.get(5)?.record).not.toBe(record);
    expect(file.space.pages.get(3)?.record?.credential).toBe(bob.credential);
    await file.space.sync(alice);
    expect(record).toMatchObject({ usage: 0, state: "complete" });
    expect(file.space.pages.get(0)?.record).toBeNull();
  });

  test("[S0.2] a conflict closes the record of the bytes in the way", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(2 * pageSize, 1), alice);
    const record = file.space.pages.get(0)?.record;
    file.gates.close("write");
    const writing = file.space.write(0, bytesOf(10, 2), bob);
    await file.gates.arrived("write", 1);
    expect(record?.state).toBe("writing");
    file.gates.open("write");
    await writing;
    // Only the page in the way was sent; the other one still belongs to the record.
    expect(file.gates.of("write").map(({ byteCount }) => byteCount)).toEqual([pageSize]);
    expect(record).toMatchObject({ usage: 1, state: "writing" });
    file.cache.checkInvariants();
  });
});
