/** A frame that was left to late operations is free when the last of all who use it has done with it, and not before. */
import { describe, expect, test } from "vitest";
import type { AddressSpace } from "../../../../src/cache/index.ts";
import type { FramePool } from "../../../../src/cache/page/frame-pool.ts";
import { fillAhead } from "../../../../src/cache/read/fill.ts";
import { asSuperuser } from "../../../kit/cached-file.ts";
import { bytesOf, pageSize, readBack, storedFile } from "../../../kit/gated-file.ts";
import { late } from "../../../kit/late-failure.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };

describe("a frame that was left to a late operation", () => {
  /** A page in flight that is being filled, both from the same frame and into it. */
  async function sentWhileFilled(fill = (space: AddressSpace): unknown => readBack(space, 0, pageSize)) {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    file.gates.close("read", "write");
    await file.space.write(0, bytesOf(100, 8), asSuperuser);
    const syncing = file.space.sync(asSuperuser).catch(() => undefined);
    const write = await file.gates.arrived("write", 1);
    const reading = Promise.resolve(fill(file.space)).catch(() => undefined);
    const read = await file.gates.arrived("read", 1);
    const frame = write.frames[0] as Uint8Array;
    return { file, write, read, syncing, reading, isFree: () => isFree(file.cache.pool, frame) };
  }

  /** Whether anybody could have the memory now. */
  function isFree(pool: FramePool, memory: Uint8Array): boolean {
    const frames: Uint8Array[] = [];
    for (let count = 0; count < pool.frameCountMax; count++) {
      const frame = pool.tryTake();
      if (frame !== undefined) frames.push(frame);
    }
    for (const frame of frames) pool.give(frame);
    return frames.some((frame) => frame.buffer === memory.buffer && frame.byteOffset === memory.byteOffset);
  }

  test("[S5.9] is free when the late read has ended and then the flight that froze it", async () => {
    const { file, write, read, syncing, reading, isFree } = await sentWhileFilled();
    const slow = late();
    read.refuse(slow.failure);
    await reading;
    await slow.end();
    expect(isFree()).toBe(false);
    write.pass();
    await syncing;
    expect(isFree()).toBe(true);
    file.cache.checkInvariants();
  });

  test("[S5.9] is free when the flight that froze it has ended and then the late read", async () => {
    const { file, write, read, syncing, reading, isFree } = await sentWhileFilled();
    const slow = late();
    read.refuse(slow.failure);
    await reading;
    write.pass();
    await syncing;
    expect(isFree()).toBe(false);
    await slow.end();
    expect(isFree()).toBe(true);
    file.cache.checkInvariants();
  });

  test("[S5.9] is free when the late write has ended and then the fill into it", async () => {
    const { file, write, read, syncing, reading, isFree } = await sentWhileFilled();
    const slow = late();
    write.refuse(slow.failure);
    await syncing;
    await slow.end();
    expect(isFree()).toBe(false);
    read.pass();
    await reading;
    expect(isFree()).toBe(true);
    file.cache.checkInvariants();
  });

  test("[S5.9] is free when the late write has ended and then a fill into it that nobody waits for", async () => {
    const { file, write, read, syncing, isFree } = await sentWhileFilled((space) =>
      fillAhead(space, 0, pageSize, asSuperuser.credential),
    );
    const slow = late();
    write.refuse(slow.failure);
    await syncing;
    await slow.end();
    expect(isFree()).toBe(false);
    read.pass();
    await settle();
    expect(isFree()).toBe(true);
    file.cache.checkInvariants();
  });

  test("[S5.9] is free when the fill into it has ended and then the late write", async () => {
    const { file, write, read, syncing, reading, isFree } = await sentWhileFilled();
    const slow = late();
    write.refuse(slow.failure);
    await syncing;
    read.pass();
    await reading;
    expect(isFree()).toBe(false);
    await slow.end();
    expect(isFree()).toBe(true);
    file.cache.checkInvariants();
  });

  test("[S5.9] is free when a late write and a late read have both ended", async () => {
    const { file, write, read, syncing, reading, isFree } = await sentWhileFilled();
    const [slowWrite, slowRead] = [late(), late()];
    write.refuse(slowWrite.failure);
    await syncing;
    read.refuse(slowRead.failure);
    await reading;
    await slowWrite.end();
    expect(isFree()).toBe(false);
    await slowRead.end();
    expect(isFree()).toBe(true);
    file.cache.checkInvariants();
  });

  test("[S5.9] is free when the late write has ended and nobody holds the page any more", async () => {
    const { file, write, read, syncing, reading, isFree } = await sentWhileFilled();
    read.pass();
    await reading;
    const page = file.space.pages.get(0);
    page?.hold();
    const slow = late();
    write.refuse(slow.failure);
    await syncing;
    await slow.end();
    expect(isFree()).toBe(false);
    page?.release();
    expect(isFree()).toBe(true);
    file.cache.checkInvariants();
  });
});
