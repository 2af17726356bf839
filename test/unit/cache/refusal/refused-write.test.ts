/** A write that the store refuses for good: rescued, excised, told, and nothing else touched. */
import { describe, expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bob, bytesOf, pageSize, readBack, storedFile } from "../../../kit/gated-file.ts";
import { refusalScene, refuseFirst } from "../../../kit/refusal-scene.ts";
import { RescueInMemory } from "../../../kit/rescue-in-memory.ts";
import { settle } from "../../../kit/virtual-clock.ts";

describe("a write that is refused", () => {
  test("[S0.7] [S0.8] [S0.12] [S0.13] leaves the cache, is rescued and told; the next read has the store's bytes", async () => {
    const file = await refusalScene(bytesOf(3 * pageSize, 7));
    const cursor = file.space.errors.sample();
    await readBack(file.space, 0, 3 * pageSize);
    expect(await file.space.write(pageSize + 100, bytesOf(pageSize, 1), alice)).toBe(pageSize);
    await refuseFirst(file);
    expect(file.space.dirtyBytes).toBe(0);
    expect(file.gates.of("write")).toHaveLength(1);
    expect(await readBack(file.space, 0, 3 * pageSize)).toEqual(bytesOf(3 * pageSize, 7));
    expect(file.space.size).toBe(3 * pageSize);
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "EACCES", told: { rescueId: "entry 1" } });
    expect(file.rescue.entries).toMatchObject([
      {
        refused: {
          path: "/file",
          node: file.node,
          credential: alice.credential,
          refusalClass: "permission",
          failure: { code: "EACCES" },
          ranges: [{ offset: pageSize + 100, byteCount: pageSize }],
        },
        bytes: [bytesOf(pageSize, 1)],
      },
    ]);
  });

  test("[S5.15] is one entry of the error sequence and one event, with all there is to say", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7));
    const cursor = file.space.errors.sample();
    await file.space.write(pageSize, bytesOf(100, 1), alice);
    await refuseFirst(file, "EKEYREVOKED");
    expect(file.failures).toMatchObject([
      {
        failure: { code: "EKEYREVOKED" },
        operation: "write",
        refusalClass: "permission",
        outcome: "excised",
        credential: alice.credential,
        ranges: [{ start: pageSize, end: pageSize + 100 }],
        rescueId: "entry 1",
        rescueFailure: undefined,
        sizeBefore: pageSize + 100,
        sizeAfter: pageSize,
        hole: undefined,
      },
    ]);
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "EKEYREVOKED" });
    expect(file.space.errors.hasNews(cursor)).toBe(false);
    expect(file.cache.counters.refusals.permission).toBe(1);
  });

  test("[S0.16] [S5.1] [S5.2] is rescued before its pages go: until then they stay, and readers see them", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7));
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    const letGo = file.rescue.holdUp();
    const refusing = refuseFirst(file);
    await file.rescue.attempted(1);
    await settle();
    expect(file.space.pages.get(0)).toMatchObject({ state: "inFlight" });
    expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 1));
    expect(file.failures).toEqual([]);
    file.cache.checkInvariants();
    letGo();
    await refusing;
    expect(file.space.pages.get(0)).toBeUndefined();
    expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 7));
    // Somebody read the file after the bytes were written, and the event says so (S0.16).
    expect(file.failures).toMatchObject([{ mayHaveBeenRead: true }]);
  });

  test("[S0.9] [S0.R7] takes the rest of its record along without another call of the store, in one rescue entry", async () => {
    const file = await refusalScene(bytesOf(6 * pageSize, 7), {}, { writeBytesMax: pageSize });
    const bytes = Uint8Array.from({ length: 4 * pageSize }, (_, at) => at % 251);
    await file.space.write(pageSize, bytes, alice);
    const record = file.space.pages.get(1)?.record;
    await refuseFirst(file);
    expect(record?.state).toBe("complete");
    expect(file.gates.of("write")).toHaveLength(1);
    expect(file.space.dirtyBytes).toBe(0);
    expect(file.rescue.entries.map((entry) => entry.bytes)).toEqual([[bytes]]);
    await file.space.sync(alice);
    expect(file.gates.of("write")).toHaveLength(1);
    expect(file.failures).toHaveLength(1);
    expect(await readBack(file.space, 0, 6 * pageSize)).toEqual(bytesOf(6 * pageSize, 7));
  });

  test("[S0.R7] whose other parts were under way already waits for them: what the store took of them is not refused", async () => {
    const parallel = { conditionalWrites: false, parallelWrites: 4, writeBytesMax: pageSize };
    const file = await refusalScene(bytesOf(4 * pageSize, 7), {}, parallel);
    await file.space.write(0, bytesOf(3 * pageSize, 1), alice);
    const syncing = file.space.sync(alice);
    const [first, second, third] = [1, 2, 3].map((count) => file.gates.arrived("write", count));
    (await first)?.refuse(new Failure("EACCES"));
    await settle();
    expect(file.rescue.attempts).toBe(0);
    (await second)?.pass();
    (await third)?.refuse(new Failure("EACCES"));
    await syncing;
    expect(file.rescue.entries.map(({ refused }) => refused.ranges.map(({ offset }) => offset))).toEqual([
      [0, 2 * pageSize],
    ]);
    expect(file.failures).toHaveLength(1);
    const expected = bytesOf(4 * pageSize, 7);
    expected.fill(1, pageSize, 2 * pageSize);
    expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(expected);
    file.cache.checkInvariants();
  });

  test("[S0.R2] bytes written to it meanwhile stay and have their own try", async () => {
    const file = await refusalScene(bytesOf(2 * pageSize, 7));
    await file.space.write(0, bytesOf(2 * pageSize, 1), alice);
    const syncing = file.space.sync(alice);
    const write = await file.gates.arrived("write", 1);
    await file.space.write(100, bytesOf(50, 2), alice);
    const letGo = file.rescue.holdUp();
    write.refuse(new Failure("EACCES"));
    await file.rescue.attempted(1);
    await file.space.write(pageSize + 100, bytesOf(50, 3), alice);
    file.cache.checkInvariants();
    letGo();
    await syncing;
    file.cache.checkInvariants();
    expect(file.rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(2 * pageSize, 1)]]);
    expect(file.space.dirtyBytes).toBe(100);
    const expected = bytesOf(2 * pageSize, 7);
    expected.fill(2, 100, 150);
    expected.fill(3, pageSize + 100, pageSize + 150);
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(expected);
    file.gates.open("write");
    await file.space.sync(alice);
    expect(await bytesAtStore(file)).toEqual(expected);
    expect(file.failures).toHaveLength(1);
  });

  test("[S0.11] [S5.6] neither another credential's bytes nor clean ones of its page go with it", async () => {
    const file = await refusalScene(bytesOf(2 * pageSize, 7));
    await readBack(file.space, 0, 2 * pageSize);
    await file.space.write(100, bytesOf(50, 1), alice);
    await file.space.write(pageSize, bytesOf(50, 2), bob);
    file.gates.operations.length = 0;
    await refuseFirst(file);
    const expected = bytesOf(2 * pageSize, 7);
    expected.fill(2, pageSize, pageSize + 50);
    expect(file.space.pages.get(0)?.valid.toString()).toBe(`[0,100) [150,${pageSize})`);
    expect(await bytesAtStore(file)).toEqual(expected);
    expect(file.rescue.entries).toHaveLength(1);
  });

  test("[S0.17] of one that the store took in part, the rest is refused", async () => {
    const file = await refusalScene(bytesOf(3 * pageSize, 7));
    await file.space.write(0, bytesOf(3 * pageSize, 1), alice);
    const syncing = file.space.sync(alice);
    (await file.gates.arrived("write", 1)).pass(pageSize + 10);
    (await file.gates.arrived("write", 2)).refuse(new Failure("EFBIG"));
    await syncing;
    file.cache.checkInvariants();
    expect(
      file.rescue.entries.map(({ refused }) => refused.ranges.map(({ offset, byteCount }) => [offset, byteCount])),
    ).toEqual([[[pageSize + 10, 2 * pageSize - 10]]]);
    const expected = bytesOf(3 * pageSize, 7);
    expected.fill(1, 0, pageSize + 10);
    expect(await readBack(file.space, 0, 3 * pageSize)).toEqual(expected);
  });

  test("[S0.R9] [S0.31] a writer who waited for another's bytes to be sent finds the page gone, and writes", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7));
    await file.space.write(0, bytesOf(100, 1), alice);
    const writing = file.space.write(50, bytesOf(100, 2), bob);
    (await file.gates.arrived("write", 1)).refuse(new Failure("EACCES"));
    expect(await writing).toBe(100);
    file.cache.checkInvariants();
    const expected = bytesOf(pageSize, 7);
    expected.fill(2, 50, 150);
    expect(await readBack(file.space, 0, pageSize)).toEqual(expected);
    file.gates.open("write");
    await file.space.sync(bob);
    expect(await bytesAtStore(file)).toEqual(expected);
    expect(file.rescue.entries.map(({ refused }) => refused.credential.id)).toEqual([alice.credential.id]);
  });

  test("[S0.R10] wakes every fsync that waits for it, with its failure", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7));
    const cursors = [file.space.errors.sample(), file.space.errors.sample()];
    await file.space.write(0, bytesOf(100, 1), alice);
    const syncs = cursors.map(async (cursor) => {
      await file.space.sync(alice);
      return file.space.errors.check(cursor)?.code;
    });
    (await file.gates.arrived("write", 1)).refuse(new Failure("EACCES"));
    expect(await Promise.all(syncs)).toEqual(["EACCES", "EACCES"]);
  });

  test("[S0.9] [S0.26] takes along what lies behind pages of its record that have gone meanwhile, and ends", async () => {
    const file = await refusalScene(bytesOf(6 * pageSize, 7), {}, { writeBytesMax: pageSize });
    file.gates.open("write");
    await file.space.write(0, bytesOf(4 * pageSize, 1), alice);
    const record = file.space.pages.get(0)?.record;
    await file.space.writeback("sync", alice, pageSize, 3 * pageSize);
    await file.space.invalidate(pageSize, 3 * pageSize, alice);
    expect([1, 2].map((index) => file.space.pages.get(index))).toEqual([undefined, undefined]);
    expect(file.space.pages.get(3)?.record).toBe(record);
    file.gates.close("write");
    const sentBefore = file.gates.of("write").length;
    await refuseFirst(file);
    expect(file.gates.of("write")).toHaveLength(sentBefore + 1);
    expect(file.rescue.entries.map(({ refused }) => refused.ranges.map(({ offset }) => offset))).toEqual([
      [0, 3 * pageSize],
    ]);
    expect([record?.state, file.space.dirtyBytes]).toEqual(["complete", 0]);
    const expected = bytesOf(6 * pageSize, 7).fill(1, pageSize, 3 * pageSize);
    expect(await readBack(file.space, 0, 6 * pageSize)).toEqual(expected);
  });

  test("[S0.25] [S0.26] of very many pages, goes in batches with others between, and ends", async () => {
    const rescue = new RescueInMemory();
    const pages = 600;
    const file = await storedFile(new Uint8Array(0), {
      readaheadBytesMax: 0,
      rescue,
      budgetBytes: 4 * pages * pageSize,
    });
    for (let page = 0; page < 2 * pages; page += 2)
      await file.space.write(page * pageSize, bytesOf(pageSize, 1), alice);
    file.gates.close("write");
    const syncing = file.space.sync(alice);
    for (let count = 1; count <= pages; count++) {
      (await file.gates.arrived("write", count)).refuse(new Failure("EACCES"));
    }
    await settle();
    const left = file.space.pages.count;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(pages);
    await file.clock.during(syncing);
    expect(file.space.pages.count).toBe(0);
    expect(rescue.entries).toHaveLength(1);
    expect(file.cache.counters.excisedPages).toBe(pages);
    file.cache.checkInvariants();
  });
});
