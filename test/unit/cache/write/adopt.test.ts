/** Adopted writes: whole frames change hands, and none has two owners. */
import { describe, expect, test } from "vitest";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import {
  alice,
  bob,
  bytesOf,
  framesOf,
  type GatedFile,
  gatedFile,
  pageSize,
  readBack,
  sendHeld,
  storedFile,
} from "../../../kit/gated-file.ts";

const noReadahead = { readaheadBytesMax: 0 };

/** Frames of a device, taken from the cache's own budget and filled. */
function deviceFrames(file: GatedFile, count: number, value: number): Uint8Array[] {
  return Array.from({ length: count }, () => {
    const frame = file.cache.pool.tryTake();
    if (frame === undefined) throw new Error("no frame for the device");
    return frame.fill(value);
  });
}

/** Every frame that a page of the file or the device has, and that is frozen in a flight; none may be there twice. */
function owners(file: GatedFile, device: readonly Uint8Array[]): Uint8Array[] {
  const frames = [...device];
  for (let page = file.space.pages.next(0); page !== undefined; page = file.space.pages.next(page.index + 1)) {
    frames.push(page.frame);
    if (page.sending !== null && page.sending.frame !== page.frame) frames.push(page.sending.frame);
  }
  return frames;
}

describe("an adopted write", () => {
  test("gives new pages the device's frames and the device others", async () => {
    const file = await gatedFile(noReadahead);
    const device = deviceFrames(file, 2, 5);
    const before = [...device];
    expect(file.space.tryAdoptWrite(pageSize, device, 2 * pageSize, alice.credential)).toBe(2 * pageSize);
    expect(file.space.pages.get(1)?.frame).toBe(before[0]);
    expect(new Set(owners(file, device)).size).toBe(4);
    expect(file.cache.pool.takenCount).toBe(4);
    expect(file.space.size).toBe(3 * pageSize);
    await file.space.sync(alice);
    expect(await bytesAtStore(file)).toEqual(Uint8Array.from([...bytesOf(pageSize, 0), ...bytesOf(2 * pageSize, 5)]));
    file.cache.checkInvariants();
  });

  test("[S3.9] [G4] does not touch the frozen frame of a page in flight", async () => {
    const file = await gatedFile(noReadahead);
    const { flight: write, syncing } = await sendHeld(file, bytesOf(pageSize, 1), alice);
    const device = deviceFrames(file, 1, 2);
    expect(file.space.tryAdoptWrite(0, device, pageSize, alice.credential)).toBe(pageSize);
    device[0]?.fill(66);
    expect(new Set(owners(file, device)).size).toBe(3);
    file.gates.open("write");
    await syncing;
    expect(write.framesChanged).toBe(false);
    expect(file.cache.pool.takenCount).toBe(2);
    await file.space.sync(alice);
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 2));
    file.cache.checkInvariants();
  });

  test("leaves the frame of a page that a reader has views of to the reader", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    const run = await framesOf(file.space, 0, pageSize);
    const device = deviceFrames(file, 1, 2);
    expect(file.space.tryAdoptWrite(0, device, pageSize, alice.credential)).toBe(pageSize);
    device[0]?.fill(66);
    for (let page = 1; page < 20; page++) await file.space.write(page * pageSize, bytesOf(pageSize, 9), asSuperuser);
    expect(run.views[0]).toEqual(bytesOf(pageSize, 7));
    run.release();
    expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 2));
    file.cache.checkInvariants();
  });

  test("does nothing at all when one page is not ready, or the write is no whole pages", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(pageSize, bytesOf(10, 1), bob);
    const device = deviceFrames(file, 3, 2);
    const before = [...device];
    expect(file.space.tryAdoptWrite(0, device, 3 * pageSize, alice.credential)).toBe(-1);
    expect(file.space.tryAdoptWrite(10, device, pageSize, alice.credential)).toBe(-1);
    expect(file.space.tryAdoptWrite(0, device, pageSize + 1, alice.credential)).toBe(-1);
    expect(file.space.tryAdoptWrite(0, device, 0, alice.credential)).toBe(-1);
    expect(device).toEqual(before);
    expect(device.every((frame, at) => frame === before[at])).toBe(true);
    expect(file.space.pages.count).toBe(1);
    expect(file.cache.pool.takenCount).toBe(4);
    file.cache.checkInvariants();
  });
});
