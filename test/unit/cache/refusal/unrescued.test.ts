/** Refused bytes that cannot be rescued: the last copy stays, can be seen, is counted, and goes as soon as it is kept elsewhere. */
import { describe, expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bytesOf, pageSize, poisonFrames, readBack, storedFile } from "../../../kit/gated-file.ts";
import { type RefusalScene, refusalScene, refuseAll, refuseFirst } from "../../../kit/refusal-scene.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const rescueIsFull = new Failure("ENOSPC", { syscall: "rescue" });

/** Two pages at the store, of which [100, 200) was refused and could not be rescued. */
async function unrescuedScene(): Promise<RefusalScene> {
  const file = await refusalScene(bytesOf(2 * pageSize, 7));
  file.rescue.failure = rescueIsFull;
  await readBack(file.space, 0, 2 * pageSize);
  await file.space.write(100, bytesOf(100, 1), alice);
  await refuseFirst(file);
  return file;
}

function withRefused(byteCount: number): Uint8Array {
  const bytes = bytesOf(byteCount, 7);
  bytes.fill(1, 100, 200);
  return bytes;
}

describe("when rescue fails", () => {
  test("[S5.2] the pages stay, can be read, and are neither dirty nor sent again; both failures are told", async () => {
    const file = await unrescuedScene();
    const cursor = file.space.errors.sample();
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(withRefused(2 * pageSize));
    expect([file.space.dirtyBytes, file.space.unrescuedBytes]).toEqual([0, 100]);
    expect(file.failures).toMatchObject([
      { failure: { code: "EACCES" }, outcome: "unrescued", rescueId: undefined, rescueFailure: { code: "ENOSPC" } },
    ]);
    expect(file.space.errors.check(cursor)).toMatchObject({
      code: "EACCES",
      message: expect.stringContaining("in memory only: ENOSPC"),
    });
    await file.space.sync(alice);
    expect(file.gates.of("write")).toHaveLength(1);
    expect(file.failures).toHaveLength(1);
    expect(file.cache.snapshot()).toMatchObject({ unrescuedBytes: 100, unrescuedPages: 1, dirtyBytes: 0 });
  });

  test("[S5.2] they are not evicted, invalidated or given to anybody else", async () => {
    const file = await unrescuedScene();
    file.gates.open("write");
    for (let page = 2; page < 60; page++) {
      await file.clock.during(file.space.write(page * pageSize, bytesOf(pageSize, 9), alice));
    }
    await file.clock.during(file.space.sync(alice));
    expect(await file.space.invalidate(0, 2 * pageSize, asSuperuser)).toEqual({ pagesLeft: 1 });
    expect(file.space.pages.get(0)?.valid.toString()).toBe("[100,200)");
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(withRefused(2 * pageSize));
    file.cache.checkInvariants();
  });

  test("[S5.2] as soon as a later sync can rescue them they are excised, and that is told, but not as another failure", async () => {
    const file = await unrescuedScene();
    const cursor = file.space.errors.sample();
    file.space.errors.check(cursor);
    file.rescue.failure = undefined;
    await file.space.sync(alice);
    expect(file.rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(100, 1)]]);
    expect(file.rescued).toMatchObject([{ outcome: "excised", rescueId: "entry 1" }]);
    expect(file.space.errors.hasNews(cursor)).toBe(false);
    expect(file.failures).toHaveLength(1);
    expect(file.space.unrescuedBytes).toBe(0);
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(bytesOf(2 * pageSize, 7));
    file.cache.checkInvariants();
  });

  test("[S5.2] write-back in the background tries the rescue again by itself, and leaves no timer when all is done", async () => {
    const file = await unrescuedScene();
    await file.clock.advance(20_000);
    expect(file.rescue.attempts).toBe(1);
    await file.clock.advance(20_000);
    expect(file.rescue.attempts).toBe(2);
    file.rescue.failure = undefined;
    await file.clock.advance(60_000);
    expect(file.space.unrescuedBytes).toBe(0);
    expect(file.clock.timerCount).toBe(0);
  });

  test("[S5.1] bytes written over them do not change what is rescued in the end, and stay themselves", async () => {
    const file = await unrescuedScene();
    await file.space.write(150, bytesOf(100, 2), alice);
    file.cache.checkInvariants();
    const expected = bytesOf(2 * pageSize, 7);
    expected.fill(1, 100, 150);
    expected.fill(2, 150, 250);
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(expected);
    file.gates.open("write");
    await file.space.sync(alice);
    file.rescue.failure = undefined;
    await file.space.sync(alice);
    file.cache.checkInvariants();
    expect(file.rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(100, 1)]]);
    expected.fill(7, 100, 150);
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(expected);
    expect(await bytesAtStore(file)).toEqual(expected);
  });

  test("[S5.1] bytes that replace them and are refused as well are another refusal; both are rescued in the end", async () => {
    const file = await unrescuedScene();
    await file.space.write(100, bytesOf(50, 2), alice);
    await refuseFirst(file);
    expect([file.space.unrescuedBytes, file.cache.ledger.unrescuedPages]).toEqual([150, 2]);
    const expected = withRefused(2 * pageSize);
    expected.fill(2, 100, 150);
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(expected);
    file.rescue.failure = undefined;
    await file.space.sync(alice);
    file.cache.checkInvariants();
    expect(file.rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(100, 1)], [bytesOf(50, 2)]]);
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(bytesOf(2 * pageSize, 7));
    expect(file.cache.snapshot().unrescuedPages).toBe(0);
  });

  test("[S5.1] a truncate cuts them from the file, not from what is rescued", async () => {
    const file = await unrescuedScene();
    await file.space.truncate(150, alice);
    file.cache.checkInvariants();
    expect((await readBack(file.space, 0, pageSize)).length).toBe(150);
    await file.space.truncate(0, alice);
    file.cache.checkInvariants();
    expect(file.space.pages.count).toBe(1);
    file.rescue.failure = undefined;
    await file.space.sync(alice);
    expect(file.rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(100, 1)]]);
    expect([file.space.pages.count, file.space.size]).toEqual([0, 0]);
    file.cache.checkInvariants();
  });

  test("[S5.9] a writer whose memory they hold is told of the refusal, and goes on when they are rescued", async () => {
    const file = await refusalScene(new Uint8Array(0), { dirtyLimitBytes: 8 * pageSize });
    file.rescue.failure = rescueIsFull;
    await file.clock.during(file.space.write(0, bytesOf(7 * pageSize, 1), alice));
    await refuseAll(file);
    expect(file.space.unrescuedBytes).toBe(7 * pageSize);
    const writing = file.clock.during(file.space.write(8 * pageSize, bytesOf(8 * pageSize, 2), alice));
    await expect(writing).resolves.toBeLessThan(8 * pageSize);
    await refuseAll(file);
    await expect(file.clock.during(file.space.write(0, bytesOf(pageSize, 2), alice))).rejects.toMatchObject({
      code: "EACCES",
    });
    file.rescue.failure = undefined;
    expect(await file.space.retryRescue(asSuperuser.signal)).toBe(0);
    file.cache.checkInvariants();
    expect([file.space.unrescuedBytes, file.space.size]).toEqual([0, 0]);
    expect(await file.clock.during(file.space.write(0, bytesOf(pageSize, 2), alice))).toBe(pageSize);
  });

  test("[S5.2] without any rescue the same is so, nothing is tried again, and no timer runs", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), { readaheadBytesMax: 0 });
    file.gates.close("write");
    await file.space.write(100, bytesOf(100, 1), alice);
    await refuseFirst(file);
    expect(file.failures).toMatchObject([{ outcome: "unrescued", rescueFailure: { code: "ENOSYS" } }]);
    expect(await readBack(file.space, 0, pageSize)).toEqual(withRefused(pageSize));
    expect(file.clock.timerCount).toBe(0);
    await file.space.destroy();
    file.cache.checkInvariants();
    expect(file.cache.snapshot()).toMatchObject({ frameBytes: 0, unrescuedBytes: 0, unrescuedPages: 0, openSpaces: 0 });
  });
});

describe("a rescue that does not answer", () => {
  test("[S5.10] counts as failed after its deadline, is not asked twice, and its late answer counts", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), { rescueDeadlineMs: 5_000 });
    await file.space.write(100, bytesOf(100, 1), alice);
    const letGo = file.rescue.holdUp();
    await refuseFirst(file);
    expect(file.clock.nowMs()).toBe(5_000);
    expect(file.failures).toMatchObject([{ outcome: "unrescued", rescueFailure: { code: "ETIMEDOUT" } }]);
    await file.space.write(100, bytesOf(100, 2), alice);
    file.gates.open("write");
    await file.clock.during(file.space.sync(alice));
    expect(file.rescue.attempts).toBe(1);
    letGo();
    await settle();
    await file.clock.during(file.space.sync(alice));
    expect(file.rescue.attempts).toBe(1);
    expect(file.rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(100, 1)]]);
    expect(file.space.unrescuedBytes).toBe(0);
    expect((await readBack(file.space, 100, 100)).every((byte) => byte === 2)).toBe(true);
    file.cache.checkInvariants();
  });

  test("[S5.2] nobody else has the frames that it reads until it has ended, though the file goes", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), { rescueDeadlineMs: 5_000 });
    await file.space.write(100, bytesOf(100, 1), alice);
    const letGo = file.rescue.holdUp();
    await refuseFirst(file);
    await file.space.destroy();
    file.cache.checkInvariants();
    poisonFrames(file);
    letGo();
    await settle();
    expect(file.rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(100, 1)]]);
    file.cache.checkInvariants();
  });

  test("[S5.10] takes no other frame for a page that goes on, when it has ended well", async () => {
    const refusalActions = { permission: "salvage" } as const;
    const file = await refusalScene(bytesOf(pageSize, 7), { rescueDeadlineMs: 5_000, refusalActions });
    await file.space.write(100, bytesOf(100, 1), alice);
    const frame = file.space.pages.get(0)?.frame;
    const letGo = file.rescue.holdUp();
    await refuseFirst(file);
    letGo();
    await settle();
    await file.clock.during(file.space.sync(alice));
    expect([file.rescued.map(({ outcome }) => outcome), file.space.unrescuedBytes]).toEqual([["salvaged"], 0]);
    expect(file.space.pages.get(0)?.frame === frame).toBe(true);
    file.cache.checkInvariants();
  });

  test("[S5.10] its signal is the platform's own, for whoever hands it on, and fires at the deadline", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), { rescueDeadlineMs: 5_000 });
    const signals: unknown[] = [];
    const { keep } = file.rescue;
    file.rescue.keep = (refused, signal) => {
      signals.push(signal);
      return keep.call(file.rescue, refused, signal);
    };
    await file.space.write(100, bytesOf(100, 1), alice);
    const letGo = file.rescue.holdUp();
    await refuseFirst(file);
    expect(signals).toHaveLength(1);
    const [signal] = signals as [AbortSignal];
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(signal.aborted).toBe(true);
    letGo();
    await settle();
  });

  test("[S5.10] one that fails after its deadline is begun anew by the next sync", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7), { rescueDeadlineMs: 5_000 });
    await file.space.write(100, bytesOf(100, 1), alice);
    const letGo = file.rescue.holdUp();
    file.rescue.failure = rescueIsFull;
    await refuseFirst(file);
    letGo();
    await settle();
    file.rescue.failure = undefined;
    await file.clock.during(file.space.sync(alice));
    expect(file.rescue.attempts).toBe(2);
    expect(file.rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(100, 1)]]);
    expect(file.space.unrescuedBytes).toBe(0);
  });
});
