/**
 * Operations that pass their deadline while the store may still do them: their frames are not used before they have ended,
 * nothing newer is sent before that, and what they did in the end is known.
 */
import { describe, expect, test } from "vitest";
import { DeadlineStore } from "../../../../src/port/index.ts";
import { asSuperuser, bytesAtStore, cachedFile } from "../../../kit/cached-file.ts";
import {
  anotherSpace,
  bytesOf,
  gatedFile,
  pageSize,
  readBack,
  sendHeld,
  sentWhileFilled,
  storedFile,
  tellingsOf,
} from "../../../kit/gated-file.ts";
import { GatedStore } from "../../../kit/gated-store.ts";
import { late, lateWrite } from "../../../kit/late-failure.ts";
import { settle, VirtualClock } from "../../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };

describe("late reads", () => {
  test("[S5.10] a frame is not used again while a late read may touch it", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
    const never = late();
    file.gates.close("read");
    const reading = readBack(file.space, 0, 2 * pageSize);
    const read = await file.gates.arrived("read", 1);
    read.refuse(never.failure);
    await expect(reading).rejects.toMatchObject({ code: "ETIMEDOUT" });
    for (let page = 0; page < 13; page++) await file.space.write(page * pageSize, bytesOf(pageSize, 9), asSuperuser);
    for (const frame of read.frames) frame.fill(66);
    expect(await readBack(file.space, 0, 13 * pageSize)).toEqual(bytesOf(13 * pageSize, 9));
    await never.end();
    await file.space.sync(asSuperuser);
    expect(await bytesAtStore(file)).toEqual(bytesOf(13 * pageSize, 9));
  });

  test("[S5.10] nor when the page was in flight with that frame while it was being filled", async () => {
    const { file, write, read, syncing, reading } = await sentWhileFilled();
    const never = late();
    read.refuse(never.failure);
    await expect(reading).rejects.toMatchObject({ code: "ETIMEDOUT" });
    write.pass();
    await syncing;
    file.gates.open("read", "write");
    // Every frame of the budget comes into use; none of them may be the one that the late read touches now.
    for (let page = 1; page < 40; page++) await file.space.write(page * pageSize, bytesOf(pageSize, 9), asSuperuser);
    for (const frame of read.frames) frame.fill(66);
    for (let page = file.space.pages.next(0); page !== undefined; page = file.space.pages.next(page.index + 1)) {
      expect(page.frame.includes(66), `page ${page.index}`).toBe(false);
    }
    await file.space.sync(asSuperuser);
    const stored = await bytesAtStore(file);
    expect(stored.includes(66)).toBe(false);
    expect(stored.subarray(0, 100)).toEqual(bytesOf(100, 8));
    await never.end();
    file.cache.checkInvariants();
  });

  test("[S5.9] [S5.10] late reads that have the whole budget leave a quarter of it to go on with, and give it all back", async () => {
    const file = await storedFile(bytesOf(20 * pageSize, 7), noReadahead);
    const slow = late();
    file.gates.close("read");
    const readings = Array.from({ length: 8 }, (_, at) => readBack(file.space, 2 * at * pageSize, 2 * pageSize));
    await file.gates.arrived("read", 8);
    for (const read of file.gates.of("read")) read.refuse(slow.failure);
    for (const reading of readings) await expect(reading).rejects.toMatchObject({ code: "ETIMEDOUT" });
    expect(file.cache.pool.abandonedCount).toBe(16);
    file.gates.open("read");
    const kept: Uint8Array[] = [];
    for (let frame = file.cache.tryTakeFrame(); frame !== undefined; frame = file.cache.tryTakeFrame())
      kept.push(frame);
    expect(kept).toHaveLength(4);
    // Whoever waits for a frame now has it when the late reads have ended, although nothing else happens.
    const waiting = file.cache.takeFrame("read", asSuperuser.signal);
    await slow.end();
    kept.push(await waiting);
    for (const frame of kept) file.cache.pool.give(frame);
    expect(file.cache.pool.abandonedCount).toBe(0);
    expect(await readBack(file.space, 0, 20 * pageSize)).toEqual(bytesOf(20 * pageSize, 7));
    file.cache.checkInvariants();
  });

  test("[S5.9] a store that never answers does not make the cache grow without end", async () => {
    const file = await storedFile(bytesOf(64 * pageSize, 7), noReadahead);
    const never = late();
    file.gates.close("read");
    let failures = 0;
    for (let turn = 0; turn < 40; turn++) {
      const before = file.gates.of("read").length;
      const reading = readBack(file.space, turn * pageSize, pageSize).catch((failure: unknown) => {
        failures += 1;
        expect(failure).toMatchObject({ code: "ETIMEDOUT" });
      });
      await settle();
      file.gates.of("read")[before]?.refuse(never.failure);
      await reading;
    }
    expect(failures).toBe(40);
    expect(file.gates.of("read").length).toBeLessThanOrEqual(4);
    expect(file.cache.pool.abandonedCount).toBeLessThanOrEqual(4);
    await never.end();
    file.gates.open("read");
    expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 7));
  });
});

describe("late writes", () => {
  test("[S3.9] a fill of the page meanwhile loses nothing when the frozen frame is left to the late write", async () => {
    const { file, write, read, syncing, reading } = await sentWhileFilled();
    const never = late();
    write.refuse(never.failure);
    await syncing;
    read.pass();
    const expected = bytesOf(pageSize, 7);
    expected.fill(8, 0, 100);
    expect(await reading).toEqual(expected);
    file.cache.checkInvariants();
  });

  test("[S2.9] [G4] nothing newer is sent before a late write has ended, and its version is the base of the next", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(100, 1), asSuperuser);
    const { write, hung } = await lateWrite(file);
    file.gates.open("write");
    await file.space.write(0, bytesOf(50, 2), asSuperuser);
    const cursor = file.space.errors.sample();
    file.space.errors.check(cursor);
    await file.clock.during(file.space.sync(asSuperuser));
    expect(file.gates.of("write")).toHaveLength(1);
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "ETIMEDOUT" });
    // The store does the late write only now; it made another version of the file.
    const answer = await file.store.write(file.node, 0, [write.bytes], undefined, asSuperuser);
    await hung.end(answer);
    await file.clock.during(file.space.sync(asSuperuser));
    expect(file.space.errors.check(cursor)).toBeUndefined();
    expect(file.space.dirtyBytes).toBe(0);
    const expected = bytesOf(100, 1);
    expected.fill(2, 0, 50);
    expect(await bytesAtStore(file)).toEqual(expected);
  });

  test("[S2.9] of several late writes the last to end counts", async () => {
    const file = await gatedFile(noReadahead, {
      conditionalWrites: false,
      parallelWrites: 2,
      writeBytesMax: pageSize,
    });
    await file.space.write(0, bytesOf(2 * pageSize, 1), asSuperuser);
    file.gates.close("write");
    const first = file.space.sync(asSuperuser);
    const hung = [late(), late()] as const;
    (await file.gates.arrived("write", 1)).refuse(hung[0].failure);
    (await file.gates.arrived("write", 2)).refuse(hung[1].failure);
    await first;
    file.gates.open("write");
    await hung[1].end();
    await file.clock.during(file.space.sync(asSuperuser));
    expect(file.gates.of("write")).toHaveLength(2);
    await hung[0].end();
    await file.clock.during(file.space.sync(asSuperuser));
    expect(file.gates.of("write").length).toBeGreaterThan(2);
    expect(file.space.dirtyBytes).toBe(0);
    file.cache.checkInvariants();
  });

  test("the frame a late write may read is not written to, however the file is written meanwhile", async () => {
    const file = await gatedFile(noReadahead);
    const { flight: write, syncing: first } = await sendHeld(file, bytesOf(pageSize, 1), asSuperuser);
    await file.space.write(0, bytesOf(10, 2), asSuperuser);
    const hung = late();
    write.refuse(hung.failure);
    await first;
    file.gates.open("write");
    for (let page = 0; page < 7; page++) await file.space.write(page * pageSize, bytesOf(pageSize, 3), asSuperuser);
    expect(Buffer.concat(write.frames)).toEqual(Buffer.from(write.bytes));
    await hung.end();
    await file.clock.during(file.space.sync(asSuperuser));
    expect(await bytesAtStore(file)).toEqual(bytesOf(7 * pageSize, 3));
  });
});

describe("late truncates", () => {
  test("[G17] a truncate that the store did after its deadline is taken over, and told to keepers of copies; dirty bytes stay", async () => {
    const file = await storedFile(bytesOf(4 * pageSize, 7), noReadahead);
    const tellings = tellingsOf(file.space);
    await readBack(file.space, 0, 4 * pageSize);
    file.gates.close("setAttributes");
    const truncating = file.space.truncate(100, asSuperuser);
    const hung = late();
    (await file.gates.arrived("setAttributes", 1)).refuse(hung.failure);
    await expect(truncating).rejects.toMatchObject({ code: "ETIMEDOUT" });
    expect(file.space.size).toBe(4 * pageSize);
    await file.space.write(200, bytesOf(10, 9), asSuperuser);
    const syncing = file.space.sync(asSuperuser);
    await settle();
    expect(file.gates.of("write")).toHaveLength(0);
    expect(tellings.count).toBe(0);
    await hung.end(await file.store.setAttributes(file.node, { size: 100 }, asSuperuser));
    expect(tellings.count).toBe(1);
    await file.clock.during(syncing);
    await file.clock.during(file.space.sync(asSuperuser));
    const expected = new Uint8Array(210);
    expected.fill(7, 0, 100);
    expected.fill(9, 200);
    expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(expected);
    expect(await bytesAtStore(file)).toEqual(expected);
    file.cache.checkInvariants();
  });

  test("a truncate waits for a late write, or the write would bring the bytes back", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(pageSize, 1), asSuperuser);
    const { write, hung } = await lateWrite(file);
    const truncating = file.space.truncate(0, asSuperuser);
    await settle();
    expect(file.gates.of("setAttributes")).toHaveLength(0);
    await hung.end(await file.store.write(file.node, 0, [write.bytes], undefined, asSuperuser));
    await truncating;
    expect(await bytesAtStore(file)).toHaveLength(0);
    expect(file.space.dirtyBytes).toBe(0);
    file.cache.checkInvariants();
  });

  test("a truncate that cannot wait any longer says so and changes nothing", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(pageSize, 1), asSuperuser);
    await lateWrite(file);
    await expect(file.clock.during(file.space.truncate(0, asSuperuser))).rejects.toMatchObject({ code: "ETIMEDOUT" });
    expect(file.space.size).toBe(pageSize);
    expect(file.space.writebackLock.isHeld).toBe(false);
  });
});

describe("a store with deadlines that hangs", () => {
  test("[S5.10] [S2.6] blocks its own fsync until the deadline; another file of the cache goes on", async () => {
    const clock = new VirtualClock();
    let gates: GatedStore | undefined;
    const file = await cachedFile({ pageSize, budgetBytes: 16 * pageSize, clock }, (store) => {
      gates = new GatedStore(store);
      return new DeadlineStore(gates.store, { clock, deadlineMs: 10_000 });
    });
    const other = await anotherSpace(file, "other");
    await file.space.write(0, bytesOf(100, 1), asSuperuser);
    gates?.close("write");
    const cursor = file.space.errors.sample();
    let isOver = false;
    const syncing = file.space.sync(asSuperuser).then(() => {
      isOver = true;
    });
    await gates?.arrived("write", 1);
    const [stuck] = gates?.of("write") ?? [];
    await other.write(0, bytesOf(100, 2), asSuperuser);
    const otherSync = other.sync(asSuperuser);
    (await gates?.arrived("write", 2))?.pass();
    await otherSync;
    expect(other.dirtyBytes).toBe(0);
    expect(await readBack(other, 0, 100)).toEqual(bytesOf(100, 2));
    expect(isOver).toBe(false);
    await clock.during(syncing);
    expect(clock.nowMs()).toBe(10_000);
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "ETIMEDOUT" });
    expect(file.space.dirtyBytes).toBe(100);
    // The store takes it after all; the cache knows the version, and has nothing left to do but to send it again.
    stuck?.pass();
    gates?.open("write");
    await settle();
    await clock.during(file.space.sync(asSuperuser));
    expect(file.space.errors.check(cursor)).toBeUndefined();
    expect(file.space.dirtyBytes).toBe(0);
    expect(await bytesAtStore(file)).toEqual(bytesOf(100, 1));
  });
});
