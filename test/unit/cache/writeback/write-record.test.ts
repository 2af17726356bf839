/** Write records: what joins them, and what ends them. */
import { describe, expect, test } from "vitest";
import { AssertionFailure } from "../../../../src/base/index.ts";
import {
  WriteRecord,
  type WriteRecordState,
  type WriteRecordTransition,
  writeRecordTransitions,
} from "../../../../src/cache/writeback/write-record.ts";
import { alice, bob, bytesOf, gatedFile, pageSize } from "../../../kit/gated-file.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };

/** For each state how a record comes to it, and where each transition leads; what is not here is a mistake. */
const waysTo: Readonly<Record<WriteRecordState, readonly WriteRecordTransition[]>> = {
  pending: [],
  conflicting: ["conflict"],
  syncing: ["sync"],
  writing: ["write"],
  rejected: ["write", "reject"],
  complete: ["write", "complete"],
};
const lawful: readonly (readonly [WriteRecordState, WriteRecordTransition, WriteRecordState])[] = [
  ["pending", "conflict", "conflicting"],
  ["pending", "sync", "syncing"],
  ["conflicting", "conflict", "conflicting"],
  ["conflicting", "sync", "conflicting"],
  ["syncing", "conflict", "syncing"],
  ["syncing", "sync", "syncing"],
  ["writing", "conflict", "writing"],
  ["writing", "sync", "writing"],
  ...(["pending", "conflicting", "syncing", "writing"] as const).flatMap(
    (state) =>
      [
        [state, "write", "writing"],
        [state, "reject", "rejected"],
        [state, "complete", "complete"],
      ] as const,
  ),
  // Once rejected it stays so, until its last page lets go of it.
  ["rejected", "conflict", "rejected"],
  ["rejected", "sync", "rejected"],
  ["rejected", "reject", "rejected"],
  ["rejected", "complete", "complete"],
];
const transitions: readonly WriteRecordTransition[] = ["conflict", "sync", "write", "reject", "complete"];

function recordThatIs(state: WriteRecordState): WriteRecord {
  const record = new WriteRecord(alice.credential, 0, 100, 0);
  for (const transition of waysTo[state]) record.advance(transition);
  expect(record.state).toBe(state);
  return record;
}

describe("the states of a write record", () => {
  test.each(lawful)("[S0.2] one that is %s becomes, by %s, %s", (state, transition, next) => {
    const record = recordThatIs(state);
    record.advance(transition);
    expect(record.state).toBe(next);
  });

  test("[S0.2] [S0.9] [S0.33] every other transition throws: what is rejected is never written again", () => {
    let unlawful = 0;
    for (const state of Object.keys(writeRecordTransitions) as WriteRecordState[]) {
      for (const transition of transitions) {
        if (lawful.some(([from, by]) => from === state && by === transition)) continue;
        unlawful += 1;
        const record = recordThatIs(state);
        expect(() => record.advance(transition), `${state}, ${transition}`).toThrow(AssertionFailure);
        expect(record.state).toBe(state);
      }
    }
    expect(unlawful).toBe(6 * transitions.length - lawful.length);
  });
});

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

  test("[S0.2] it is conflicting for as long as it waits to be sent out of the way", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(2 * pageSize, 1), alice);
    const record = file.space.pages.get(0)?.record;
    await file.space.write(8 * pageSize, bytesOf(10, 1), alice);
    file.gates.close("write");
    const sending = file.space.writeback("sync", alice, 8 * pageSize, 9 * pageSize);
    const flight = await file.gates.arrived("write", 1);
    const writing = file.space.write(0, bytesOf(10, 2), bob);
    await settle();
    expect(record?.state).toBe("conflicting");
    expect(record?.accepts(alice.credential, 2 * pageSize, 3 * pageSize)).toBe(false);
    flight.pass();
    file.gates.open("write");
    await Promise.all([sending, writing]);
    expect(record?.state).toBe("writing");
    file.cache.checkInvariants();
  });
});
