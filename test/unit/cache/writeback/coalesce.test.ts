/** Which pages go to the store in one flight, and in which writes. */
import { describe, expect, test } from "vitest";
import { lockPage, unlockPage } from "../../../../src/cache/lock/page-lock.ts";
import { coalesce } from "../../../../src/cache/writeback/coalesce.ts";
import { writeEverything, writeSome } from "../../../../src/cache/writeback/control.ts";
import type { Flight } from "../../../../src/cache/writeback/flight.ts";
import { alice, bob, bytesOf, type GatedFile, gatedFile, pageSize, storedFile } from "../../../kit/gated-file.ts";

const noReadahead = { readaheadBytesMax: 0 };

async function flightFrom(file: GatedFile, page: number, control = writeEverything("sync")): Promise<Flight> {
  const first = file.space.pages.get(page);
  if (first === undefined) throw new Error(`page ${page} is not there`);
  return coalesce(file.space, first, control);
}

function shape(flight: Flight): { pages: number[]; segments: [number, number][] } {
  return {
    pages: flight.pages.map(({ index }) => index),
    segments: flight.segments.map(({ offset, byteCount }) => [offset, offset + byteCount]),
  };
}

describe("a flight", () => {
  test("[S0.4] [S0.5] is one run, from the first dirty byte to the last", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(100, bytesOf(2 * pageSize, 1), alice);
    const flight = await flightFrom(file, 0);
    expect(shape(flight)).toEqual({ pages: [0, 1, 2], segments: [[100, 100 + 2 * pageSize]] });
    expect(flight.byteCount).toBe(2 * pageSize);
    expect(flight.record.credential).toBe(alice.credential);
  });

  test("[S0.4] stops at a page that is missing", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    await file.space.write(2 * pageSize, bytesOf(pageSize, 1), alice);
    expect(shape(await flightFrom(file, 0)).pages).toEqual([0]);
  });

  test("[S0.4] stops at a page that is locked, clean or in flight", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    await file.space.write(0, bytesOf(3 * pageSize, 1), alice);
    const second = file.space.pages.get(1);
    if (second === undefined) throw new Error("the page is there");
    lockPage(second);
    expect(shape(await flightFrom(file, 0)).pages).toEqual([0]);
    unlockPage(second);
    expect(shape(await flightFrom(file, 0)).pages).toEqual([0, 1, 2]);
    await file.space.writeback("sync", alice, pageSize, 2 * pageSize);
    expect(second.state).toBe("clean");
    expect(shape(await flightFrom(file, 0)).pages).toEqual([0]);
    await file.space.write(pageSize, bytesOf(pageSize, 2), alice);
    file.gates.close("write");
    const sending = file.space.writeback("sync", alice, pageSize, 2 * pageSize);
    await file.gates.arrived("write", 2);
    await file.space.write(pageSize, bytesOf(pageSize, 3), alice);
    expect(second.state).toBe("inFlightDirty");
    expect(shape(await flightFrom(file, 0)).pages).toEqual([0]);
    file.gates.open("write");
    await sending;
  });

  test("[S0.4] [S5.6] stops at a page of another record", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    await file.space.write(pageSize, bytesOf(pageSize, 2), bob);
    await file.space.write(2 * pageSize, bytesOf(pageSize, 2), bob);
    expect(shape(await flightFrom(file, 0)).pages).toEqual([0]);
    expect(shape(await flightFrom(file, 1)).pages).toEqual([1, 2]);
  });

  test("stops where the control's range and the store's largest write end, in the middle of a page too", async () => {
    const file = await gatedFile(noReadahead, { writeBytesMax: 2 * pageSize + 10 });
    await file.space.write(0, bytesOf(4 * pageSize, 1), alice);
    expect(shape(await flightFrom(file, 0)).pages).toEqual([0, 1]);
    expect(shape(await flightFrom(file, 0, writeEverything("sync", 0, 10))).pages).toEqual([0]);
    const small = await gatedFile(noReadahead, { writeBytesMax: 1500 });
    await small.space.write(0, bytesOf(2 * pageSize, 1), alice);
    const { pages, segments } = shape(await flightFrom(small, 0));
    expect(pages).toEqual([0]);
    expect(segments).toEqual([
      [0, 1500],
      [1500, 3000],
      [3000, 4096],
    ]);
    await small.space.sync(alice);
    expect(Math.max(...small.gates.of("write").map(({ byteCount }) => byteCount))).toBe(1500);
  });

  test("[S0.5] [G3] sends only bytes that somebody wrote: separate ranges are separate writes", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
    await file.space.write(10, bytesOf(10, 1), alice);
    await file.space.write(100, bytesOf(10, 1), alice);
    await file.space.write(pageSize - 10, bytesOf(30, 1), alice);
    const flight = await flightFrom(file, 0);
    expect(shape(flight).segments[0]).toEqual([10, 20]);
    await file.space.sync(alice);
    expect(file.gates.of("write").map(({ offset, end }) => [offset, end])).toEqual([
      [10, 20],
      [100, 110],
      [pageSize - 10, pageSize + 20],
    ]);
  });

  test("leaves bytes alone that are younger than the control asks for", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    await file.clock.advance(1_000);
    await file.space.write(4 * pageSize, bytesOf(pageSize, 1), alice);
    const old = file.space.pages.get(0)?.record?.dirtiedAtMs;
    const young = file.space.pages.get(4)?.record?.dirtiedAtMs;
    expect([old, young]).toEqual([0, 1_000]);
    expect(shape(await flightFrom(file, 0, writeSome("periodic", 1e9, 500))).pages).toEqual([0]);
  });
});

describe("[S0.6] issuing a flight", () => {
  test("every page of it is in flight and clean before the first byte is sent, and none is locked", async () => {
    const file = await gatedFile(noReadahead, { writeBytesMax: 4 * pageSize });
    await file.space.write(0, bytesOf(3 * pageSize, 1), alice);
    file.gates.close("write");
    const syncing = file.space.sync(alice);
    await file.gates.arrived("write", 1);
    for (const index of [0, 1, 2]) {
      const page = file.space.pages.get(index);
      expect(page?.state).toBe("inFlight");
      expect(page?.dirty.isEmpty).toBe(true);
      expect(page?.locked).toBe(false);
    }
    expect(file.cache.ledger).toMatchObject({
      dirtyPages: 0,
      dirtyBytes: 0,
      inFlightPages: 3,
      inFlightBytes: 3 * pageSize,
    });
    file.cache.checkInvariants();
    file.gates.open("write");
    await syncing;
    expect(file.cache.ledger).toMatchObject({ dirtyPages: 0, dirtyBytes: 0, inFlightPages: 0, inFlightBytes: 0 });
  });
});
