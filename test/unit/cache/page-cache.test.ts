/** The cache as a whole: its settings, its budget while everything runs, and sync over many files. */
import { describe, expect, test } from "vitest";
import { cancelController, Failure, SeededRandom } from "../../../src/base/index.ts";
import { completeOptions } from "../../../src/cache/index.ts";
import { asSuperuser } from "../../kit/cached-file.ts";
import { alice, anotherSpace, bytesOf, gatedFile, pageSize, readBack, storedFile } from "../../kit/gated-file.ts";
import { settle } from "../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };

describe("settings", () => {
  test.each([
    [{ pageSize: 5000 }, /page size 5000/],
    [{ pageSize: 2048 }, /page size 2048/],
    [{ pageSize: 2 * 1024 * 1024 }, /page size/],
    [{ pageSize: Number.NaN }, /page size/],
    [{ budgetBytes: 3 * 65536 }, /too small/],
    [{ pageSize: "4096" as unknown as number }, /page size/],
    [{ budgetBytes: Number.NaN }, /too small/],
    [{ budgetBytes: 2 ** 50 }, /too large/],
    [{ budgetBytes: Number.POSITIVE_INFINITY }, /too large/],
    [{ readaheadBytesMax: -1 }, /read-ahead of -1/],
    [{ readaheadBytesMax: Number.NaN }, /read-ahead/],
    [{ readaheadBytesMax: Number.POSITIVE_INFINITY }, /read-ahead/],
    [{ writebackPeriodMs: 0 }, /write-back every 0 ms/],
    [{ writebackExpireMs: Number.NaN }, /write-back every/],
    [{ dirtyLimitBytes: 0 }, /dirty limit/],
    [{ dirtyLimitBytes: 2 ** 40 }, /dirty limit/],
    [{ dirtyLimitBytes: 1000, dirtyBackgroundBytes: 1000 }, /background limit/],
  ])("%o are refused with a sentence", (options, sentence) => {
    expect(() => completeOptions(options)).toThrow(Failure);
    expect(() => completeOptions(options)).toThrow(sentence);
  });

  test("the defaults are the documented ones", () => {
    const options = completeOptions({});
    expect(options).toMatchObject({
      pageSize: 65536,
      budgetBytes: 256 * 1024 * 1024,
      dirtyBackgroundBytes: 64 * 1024 * 1024,
      dirtyLimitBytes: 128 * 1024 * 1024,
      writebackPeriodMs: 5_000,
      writebackExpireMs: 30_000,
    });
  });
});

describe("the budget", () => {
  test("[S5.9] [G20] holds while files are read, written, sent and cut at once, and pages make room for others", async () => {
    const file = await storedFile(bytesOf(60 * pageSize, 7), { readaheadBytesMax: 4 * pageSize });
    const spaces = [file.space, ...(await Promise.all([1, 2, 3].map((at) => anotherSpace(file, `file ${at}`))))];
    const random = new SeededRandom(5);
    const budget = 16;
    let most = 0;
    const look = (): void => {
      const { takenCount, freeCount } = file.cache.pool;
      most = Math.max(most, takenCount + freeCount);
      file.cache.checkInvariants();
    };
    const actor = async (self: number): Promise<void> => {
      const space = spaces[self % spaces.length] ?? file.space;
      for (let step = 0; step < 60; step++) {
        const position = random.below(50 * pageSize);
        if (random.chance(0.5)) await space.write(position, bytesOf(1 + random.below(3 * pageSize), self), alice);
        else await readBack(space, position, 3 * pageSize);
        if (random.chance(0.05)) await space.sync(alice);
        look();
      }
    };
    await file.clock.during(Promise.all([0, 1, 2, 3, 4, 5].map(actor)));
    expect(most).toBeLessThanOrEqual(budget);
    expect(file.cache.counters.evictedPages).toBeGreaterThan(100);
    for (const space of spaces) await file.clock.during(space.destroy());
    expect(file.cache.snapshot()).toMatchObject({ frameBytes: 0, cachedPages: 0, dirtyBytes: 0, openSpaces: 0 });
    file.cache.close();
  });

  test("[S5.9] reading a file that is larger than the budget works page by page", async () => {
    const file = await storedFile(bytesOf(200 * pageSize, 7), noReadahead);
    expect(Buffer.compare(await readBack(file.space, 0, 200 * pageSize), bytesOf(200 * pageSize, 7))).toBe(0);
    expect(file.cache.pool.takenCount).toBeLessThanOrEqual(16);
  });
});

describe("sync over the whole cache", () => {
  test("[S5.10] sends and commits every file; one that fails does not keep the others", async () => {
    const file = await gatedFile(noReadahead, { durability: "volatile" });
    const others = await Promise.all([1, 2, 3].map((at) => anotherSpace(file, `file ${at}`)));
    const cursor = file.space.errors.sample();
    for (const space of [file.space, ...others]) await space.write(0, bytesOf(100, 1), alice);
    file.gates.close("write");
    const syncing = file.cache.sync({ durable: true, credential: asSuperuser.credential });
    (await file.gates.arrived("write", 1)).refuse(new Failure("EIO"));
    await file.gates.arrived("write", 4);
    file.gates.open("write");
    await syncing;
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "EIO" });
    expect(others.map((space) => [space.dirtyBytes, space.durability.isUncommitted])).toEqual([
      [0, false],
      [0, false],
      [0, false],
    ]);
    expect(file.gates.of("commit")).toHaveLength(3);
  });

  test("commits files that were sent earlier, too", async () => {
    const file = await gatedFile(noReadahead, { durability: "volatile" });
    await file.space.write(0, bytesOf(100, 1), alice);
    await file.space.writeback("background", alice);
    expect([file.space.dirtyBytes, file.space.durability.isUncommitted]).toEqual([0, true]);
    await file.cache.sync({ durable: false, credential: asSuperuser.credential });
    expect(file.gates.of("commit")).toHaveLength(0);
    await file.cache.sync({ durable: true, credential: asSuperuser.credential });
    expect(file.gates.of("commit")).toHaveLength(1);
  });

  test("[S5.10] [G12] waits for the commit of a file that is under way for somebody else", async () => {
    const file = await gatedFile(noReadahead, { durability: "volatile" });
    await file.space.write(0, bytesOf(100, 1), alice);
    file.gates.close("commit");
    const first = file.space.sync(alice);
    const commit = await file.gates.arrived("commit", 1);
    let isOver = false;
    const whole = file.cache.sync({ durable: true, credential: asSuperuser.credential }).then(() => {
      isOver = true;
    });
    await settle();
    expect(isOver).toBe(false);
    commit.pass();
    await Promise.all([first, whole]);
    expect(file.gates.of("commit")).toHaveLength(1);
  });

  test("an interrupted sync says EINTR and leaves no lock behind", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(100, 1), alice);
    file.gates.close("write");
    const controller = cancelController();
    const syncing = file.cache.sync({ durable: true, credential: asSuperuser.credential }, controller.signal);
    const write = await file.gates.arrived("write", 1);
    controller.abort();
    await expect(syncing).rejects.toMatchObject({ code: "EINTR" });
    write.pass();
    await file.space.sync(alice);
    expect(file.space.dirtyBytes).toBe(0);
    expect(file.space.writebackLock.isHeld).toBe(false);
  });
});
