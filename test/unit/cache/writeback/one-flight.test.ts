/** A page is on its way to the store once at most, whoever sends it; what is written meanwhile is the one successor. */
import { describe, expect, test } from "vitest";
import { cancelController } from "../../../../src/base/index.ts";
import { type WritebackReason, writeEverything, writeSome } from "../../../../src/cache/writeback/control.ts";
import { writebackPass } from "../../../../src/cache/writeback/pass.ts";
import { bytesAtStore } from "../../../kit/cached-file.ts";
import {
  alice,
  anotherSpace,
  bytesOf,
  framesOf,
  gatedFile,
  pageSize,
  readBack,
  sendHeld,
  storedFile,
} from "../../../kit/gated-file.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };

describe("a page that is written while it is in flight", () => {
  test("[S2.3] has one flight and one successor, however often it is written", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    file.gates.close("write");
    const syncs = [file.space.sync(alice)];
    const first = await file.gates.arrived("write", 1);
    for (const value of [2, 3, 4]) {
      await file.space.write(0, bytesOf(pageSize, value), alice);
      syncs.push(file.space.sync(alice));
    }
    await settle();
    expect(file.gates.of("write")).toHaveLength(1);
    expect(file.cache.snapshot()).toMatchObject({ inFlightPages: 1, dirtyPages: 1, frameBytes: 2 * pageSize });
    file.gates.open("write");
    await Promise.all(syncs);
    expect(file.gates.of("write").map(({ bytes }) => bytes[0])).toEqual([1, 4]);
    expect(first.framesChanged).toBe(false);
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 4));
  });

  test("[S3.13] keeps no writer waiting: the write is answered in the same turn", async () => {
    const file = await gatedFile(noReadahead);
    const { flight, syncing } = await sendHeld(file, bytesOf(pageSize, 1), alice);
    expect(file.space.tryWrite(0, bytesOf(pageSize, 2), alice.credential)).toBe(pageSize);
    expect(flight.answered).toBe(false);
    file.gates.open("write");
    await syncing;
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 1));
    await file.space.sync(alice);
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 2));
  });
});

test("[S2.8] bytes that wait their turn behind a flight are replaced by what is written over them", async () => {
  const file = await gatedFile(noReadahead, { writeBytesMax: pageSize, conditionalWrites: true });
  const { flight: first, syncing } = await sendHeld(file, bytesOf(2 * pageSize, 1), alice);
  await file.space.write(pageSize, bytesOf(pageSize, 2), alice);
  expect(file.cache.counters.copiesOnWrite).toBe(0);
  first.pass();
  file.gates.open("write");
  await syncing;
  expect(file.gates.of("write").map(({ offset, bytes }) => [offset, bytes[0]])).toEqual([
    [0, 1],
    [pageSize, 2],
  ]);
  expect(file.space.dirtyBytes).toBe(0);
});

describe("write-back of a page that is in flight already", () => {
  const reasons: WritebackReason[] = [
    "background",
    "periodic",
    "reclaim",
    "sync",
    "conflict",
    "launder",
    "close",
    "attributes",
  ];
  test.each(reasons)("[S2.12] is not begun for the reason %s, in no mode", async (reason) => {
    const file = await gatedFile(noReadahead);
    const { flight, syncing } = await sendHeld(file, bytesOf(pageSize, 1), alice);
    await file.space.write(0, bytesOf(pageSize, 2), alice);
    const some = writebackPass(file.space, writeSome(reason, 1e9));
    const all = writebackPass(file.space, writeEverything(reason));
    const laundering = file.space.invalidate(0, pageSize, alice);
    await settle();
    expect(file.gates.of("write")).toHaveLength(1);
    flight.pass();
    await file.gates.arrived("write", 2);
    expect(flight.answered).toBe(true);
    file.gates.open("write");
    await Promise.all([syncing, some, all, laundering]);
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 2));
  });

  test("[S3.7] waits for it, and sends what the page holds then", async () => {
    const file = await gatedFile(noReadahead);
    const { flight, syncing: first } = await sendHeld(file, bytesOf(pageSize, 1), alice);
    await file.space.write(0, bytesOf(pageSize, 2), alice);
    const second = file.space.sync(alice);
    await settle();
    await file.space.write(10, bytesOf(10, 3), alice);
    flight.pass();
    const successor = await file.gates.arrived("write", 2);
    expect([successor.bytes[0], successor.bytes[10]]).toEqual([2, 3]);
    file.gates.open("write");
    await Promise.all([first, second]);
    expect(file.space.dirtyBytes).toBe(0);
  });
});

describe("making room while the store hangs", () => {
  test("[S2.5] takes clean pages, and whoever finds none can go when he likes", async () => {
    const file = await storedFile(bytesOf(16 * pageSize, 7), { ...noReadahead, dirtyLimitBytes: 16 * pageSize });
    const other = await anotherSpace(file, "other");
    file.gates.close("write");
    const { passes } = file.cache.counters;
    const syncPasses = passes.sync;
    await file.clock.during(other.write(0, bytesOf(12 * pageSize, 1), alice));
    for (let page = 0; page < 16; page++) {
      expect(await readBack(file.space, page * pageSize, pageSize)).toEqual(bytesOf(pageSize, 7));
    }
    expect(file.cache.counters.evictedPages).toBeGreaterThanOrEqual(12);
    expect(other.dirtyBytes).toBe(12 * pageSize);

    const held = [await framesOf(file.space, 0, 2 * pageSize), await framesOf(file.space, 2 * pageSize, 2 * pageSize)];
    const leaving = cancelController();
    const reading = readBack(file.space, 8 * pageSize, pageSize, { ...alice, signal: leaving.signal });
    await settle();
    expect(passes).toMatchObject({ sync: syncPasses });
    expect(file.gates.of("write").filter(({ answered }) => answered)).toEqual([]);
    leaving.abort();
    await expect(reading).rejects.toMatchObject({ code: "EINTR" });
    for (const run of held) run.release();
    file.gates.open("write");
    await file.clock.during(other.sync(alice));
  });
});
