/** What the store answers to a flight: all, a part, nothing, too much, a failure; in order and out of order. */
import { describe, expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bytesOf, gatedFile, pageSize, readBack } from "../../../kit/gated-file.ts";
import { RescueInMemory } from "../../../kit/rescue-in-memory.ts";

const noReadahead = { readaheadBytesMax: 0 };

describe("what the store says it took", () => {
  test("[S5.13] [G5] a short write is continued where it stopped (B14)", async () => {
    const file = await gatedFile(noReadahead);
    const bytes = Uint8Array.from({ length: 3 * pageSize }, (_, at) => at % 251);
    await file.space.write(0, bytes, alice);
    file.gates.close("write");
    const syncing = file.space.sync(alice);
    (await file.gates.arrived("write", 1)).pass(pageSize + 7);
    const second = await file.gates.arrived("write", 2);
    expect(second.offset).toBe(pageSize + 7);
    second.pass(1);
    const third = await file.gates.arrived("write", 3);
    expect([third.offset, third.end]).toEqual([pageSize + 8, 3 * pageSize]);
    third.pass();
    await syncing;
    expect(file.space.dirtyBytes).toBe(0);
    expect(file.cache.counters.storeShortWrites).toBe(2);
    expect(await bytesAtStore(file)).toEqual(bytes);
  });

  test.each([
    ["nothing", 0],
    ["more than it was sent", pageSize + 1],
    ["less than nothing", -5],
  ])("[S0.29] [G5] a store that says it took %s has refused (EIO, B14)", async (_what, answer) => {
    const rescue = new RescueInMemory();
    const file = await gatedFile({ ...noReadahead, rescue });
    const cursor = file.space.errors.sample();
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    file.gates.close("write");
    const syncing = file.space.sync(alice);
    (await file.gates.arrived("write", 1)).answerCount(answer);
    await syncing;
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "EIO" });
    expect([file.space.dirtyBytes, file.space.unrescuedBytes]).toEqual([0, 0]);
    expect(rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(pageSize, 1)]]);
    file.cache.checkInvariants();
  });

  test("[S0.17] of a flight that fails in the middle, what was taken is clean and the rest is dirty", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(3 * pageSize, 1), alice);
    file.gates.close("write");
    const syncing = file.space.sync(alice);
    (await file.gates.arrived("write", 1)).pass(pageSize + 100);
    (await file.gates.arrived("write", 2)).refuse(new Failure("ENOSPC"));
    await syncing;
    const dirty = [0, 1, 2].map((page) => file.space.pages.get(page)?.dirty.toString());
    expect(dirty).toEqual(["", "[100,4096)", "[0,4096)"]);
    expect(file.failures).toMatchObject([
      { failure: { code: "ENOSPC" }, outcome: "keptDirty", ranges: [{ start: 0, end: 3 * pageSize }] },
    ]);
    expect(file.space.pages.get(0)?.state).toBe("clean");
    file.cache.checkInvariants();
    file.gates.open("write");
    await file.space.sync(alice);
    expect(await bytesAtStore(file)).toEqual(bytesOf(3 * pageSize, 1));
  });
});

describe("answers out of order", () => {
  test("never make stored bytes look like a hole", async () => {
    const file = await gatedFile(noReadahead, { conditionalWrites: false, parallelWrites: 4, writeBytesMax: pageSize });
    await file.space.write(0, bytesOf(2 * pageSize, 1), alice);
    file.gates.close("write");
    const syncing = file.space.sync(alice);
    const [first, second] = [await file.gates.arrived("write", 1), await file.gates.arrived("write", 2)];
    const answer = first.passHoldingAnswer();
    while ((await bytesAtStore(file)).length < pageSize);
    second.pass();
    while (file.space.storeSize < 2 * pageSize) await Promise.resolve();
    answer();
    await syncing;
    expect(file.space.storeSize).toBe(2 * pageSize);
    await file.space.invalidate(0, Number.POSITIVE_INFINITY, asSuperuser);
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(bytesOf(2 * pageSize, 1));
  });

  test("a store that takes several writes at once is given so many, and no more", async () => {
    const file = await gatedFile(
      { ...noReadahead, dirtyBackgroundBytes: 7 * pageSize },
      { conditionalWrites: false, parallelWrites: 3, writeBytesMax: pageSize },
    );
    await file.space.write(0, bytesOf(4 * pageSize, 1), alice);
    await file.space.write(8 * pageSize, bytesOf(2 * pageSize, 1), alice);
    file.gates.close("write");
    const syncing = file.space.sync(alice);
    await file.gates.arrived("write", 3);
    await file.clock.advance(100);
    expect(file.gates.of("write")).toHaveLength(3);
    file.gates.of("write")[1]?.pass();
    await file.gates.arrived("write", 4);
    file.gates.open("write");
    await syncing;
    expect(file.gates.of("write")).toHaveLength(6);
    expect(file.space.dirtyBytes).toBe(0);
  });
});

describe("retries", () => {
  test("[S0.17] [G2] a failed flight is tried again by itself, later each time, until the store takes it", async () => {
    const file = await gatedFile({ ...noReadahead, writebackPeriodMs: 1_000, writebackExpireMs: 0 });
    await file.space.write(0, bytesOf(100, 1), alice);
    file.gates.close("write");
    const times: number[] = [];
    for (let attempt = 1; attempt <= 5; attempt++) {
      const write = await file.clock.during(file.gates.arrived("write", attempt));
      times.push(file.clock.nowMs());
      write.refuse(new Failure("EDQUOT"));
    }
    const gaps = times.slice(1).map((time, at) => time - (times[at] as number));
    expect(gaps).toEqual([1_000, 2_000, 4_000, 8_000]);
    (await file.clock.during(file.gates.arrived("write", 6))).pass();
    await file.clock.advance(1_000);
    expect(file.space.dirtyBytes).toBe(0);
    expect(file.clock.timerCount).toBe(0);
  });
});
