/** A frame that was left to late operations is free when the last of all who use it has done with it, and not before. */
import { describe, expect, test } from "vitest";
import type { AddressSpace } from "../../../../src/cache/index.ts";
import type { FramePool } from "../../../../src/cache/page/frame-pool.ts";
import { fillAhead } from "../../../../src/cache/read/fill.ts";
import { asSuperuser } from "../../../kit/cached-file.ts";
import { pageSize, sentWhileFilled } from "../../../kit/gated-file.ts";
import { late } from "../../../kit/late-failure.ts";
import { settle } from "../../../kit/virtual-clock.ts";

describe("a frame that was left to a late operation", () => {
  /** A page that is sent while it is filled, whoever hears of a failure, and whether its frame is free. */
  async function inTwoHands(fill?: (space: AddressSpace) => unknown) {
    const scene = await sentWhileFilled(fill);
    const [syncing, reading] = [scene.syncing, scene.reading].map((done) => done.catch(() => undefined));
    const frame = scene.write.frames[0] as Uint8Array;
    return { ...scene, syncing, reading, isFree: () => isFree(scene.file.cache.pool, frame) };
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
    const { file, write, read, syncing, reading, isFree } = await inTwoHands();
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
    const { file, write, read, syncing, reading, isFree } = await inTwoHands();
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
    const { file, write, read, syncing, reading, isFree } = await inTwoHands();
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
    const { file, write, read, syncing, isFree } = await inTwoHands((space) =>
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
    const { file, write, read, syncing, reading, isFree } = await inTwoHands();
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
    const { file, write, read, syncing, reading, isFree } = await inTwoHands();
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
    const { file, write, read, syncing, reading, isFree } = await inTwoHands();
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
