/** Passes of write-back: what they wait for and what they skip, that they end, and that failures keep to their owners. */
import { describe, expect, test } from "vitest";
import { cancelController, Failure } from "../../../../src/base/index.ts";
import { tags } from "../../../../src/cache/space/page-tree.ts";
import { writeEverything, writeSome } from "../../../../src/cache/writeback/control.ts";
import { writebackPass } from "../../../../src/cache/writeback/pass.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bob, bytesOf, gatedFile, pageSize, readBack, sendHeld, storedFile } from "../../../kit/gated-file.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };

describe("a pass", () => {
  test("[S2.4] that nobody waits for skips a page that is being filled; one for integrity waits for it", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
    await file.space.write(0, bytesOf(10, 1), alice);
    await file.space.write(pageSize + 10, bytesOf(10, 1), alice);
    file.gates.close("read");
    const reading = readBack(file.space, 0, pageSize);
    const read = await file.gates.arrived("read", 1);
    const some = await writebackPass(file.space, writeSome("background", 1e9));
    expect(some).toMatchObject({ byteCount: 10, pagesSkipped: 1, failure: undefined });
    let isOver = false;
    const everything = writebackPass(file.space, writeEverything("sync")).then(() => {
      isOver = true;
    });
    await settle();
    expect(isOver).toBe(false);
    read.pass();
    await Promise.all([reading, everything]);
    expect(file.space.dirtyBytes).toBe(0);
  });

  test("[S2.4] [S2.10] [S2.12] a page in flight is skipped by one that nobody waits for, waited for by one for integrity", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    file.gates.close("write");
    const first = file.space.sync(alice);
    await file.gates.arrived("write", 1);
    await file.space.write(0, bytesOf(pageSize, 2), alice);
    const everything = file.space.sync(alice);
    await settle();
    expect(file.gates.of("write")).toHaveLength(1);
    file.gates.open("write");
    await Promise.all([first, everything]);
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 2));
    expect(file.gates.of("write")).toHaveLength(2);
  });

  test("[G21] for integrity ends although a writer is as fast as the store (B15)", async () => {
    const file = await gatedFile({ ...noReadahead, dirtyBackgroundBytes: 7 * pageSize }, { writeBytesMax: pageSize });
    await file.space.write(0, bytesOf(4 * pageSize, 1), alice);
    file.gates.close("write");
    let isOver = false;
    const syncing = file.space.sync(alice).then(() => {
      isOver = true;
    });
    let writes = 0;
    while (!isOver && writes < 100) {
      writes += 1;
      const write = await Promise.race([file.gates.arrived("write", writes), syncing]);
      if (write === undefined) break;
      // Before each answer the page is dirty again, and so is every other one.
      for (let page = 0; page < 4; page++) {
        expect(file.space.tryWrite(page * pageSize, bytesOf(pageSize, 1 + writes), alice.credential)).toBe(pageSize);
      }
      write.pass();
      await settle();
    }
    await syncing;
    expect(file.gates.of("write")).toHaveLength(4);
    expect(file.space.dirtyBytes).toBe(4 * pageSize);
    file.cache.checkInvariants();
  });

  test("marks its work with TOWRITE, and nothing keeps the mark when it is done", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    await file.space.write(2 * pageSize, bytesOf(pageSize, 1), alice);
    file.gates.close("write");
    const syncing = file.space.sync(alice);
    await file.gates.arrived("write", 1);
    expect(file.space.pages.hasTag(2, tags.towrite)).toBe(true);
    expect(file.space.pages.hasTag(0, tags.towrite)).toBe(false);
    await file.space.write(3 * pageSize, bytesOf(10, 1), bob);
    file.gates.open("write");
    await syncing;
    expect(file.space.pages.taggedCount(tags.towrite)).toBe(0);
    expect(file.space.dirtyBytes).toBe(10);
  });

  test("of a range sends the pages of that range", async () => {
    const file = await gatedFile(noReadahead);
    for (const page of [0, 2, 4]) await file.space.write(page * pageSize, bytesOf(pageSize, 1), alice);
    await file.space.writeback("sync", alice, 2 * pageSize + 5, 2 * pageSize + 6);
    expect(file.gates.of("write").map(({ offset }) => offset)).toEqual([2 * pageSize]);
  });

  test("[S0.11] a refusal of one record keeps neither another's bytes nor those of the same credential", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    await file.space.write(2 * pageSize, bytesOf(pageSize, 2), bob);
    await file.space.write(4 * pageSize, bytesOf(pageSize, 1), alice);
    const cursor = file.space.errors.sample();
    file.gates.close("write");
    const syncing = file.space.sync(asSuperuser);
    (await file.gates.arrived("write", 1)).refuse(new Failure("EACCES"));
    const second = await file.gates.arrived("write", 2);
    expect(second.credential).toBe(bob.credential);
    second.pass();
    (await file.gates.arrived("write", 3)).pass();
    await syncing;
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "EACCES" });
    expect([file.space.dirtyBytes, file.space.unrescuedBytes]).toEqual([0, pageSize]);
    file.cache.checkInvariants();
  });

  test("where a lack of permission keeps bytes dirty, it ends the pass for its credential only", async () => {
    const file = await gatedFile({ ...noReadahead, refusalActions: { permission: "keepDirty" } });
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    await file.space.write(2 * pageSize, bytesOf(pageSize, 2), bob);
    await file.space.write(4 * pageSize, bytesOf(pageSize, 1), alice);
    file.gates.close("write");
    const syncing = file.space.sync(asSuperuser);
    (await file.gates.arrived("write", 1)).refuse(new Failure("EACCES"));
    (await file.gates.arrived("write", 2)).pass();
    await syncing;
    expect(file.gates.of("write")).toHaveLength(2);
    expect(file.space.dirtyBytes).toBe(2 * pageSize);
    file.cache.checkInvariants();
  });

  test("bytes that are kept dirty end the pass: the store would not take the rest either", async () => {
    const file = await gatedFile(noReadahead);
    for (const page of [0, 2, 4]) await file.space.write(page * pageSize, bytesOf(pageSize, 1), alice);
    file.gates.close("write");
    const syncing = file.space.sync(asSuperuser);
    (await file.gates.arrived("write", 1)).refuse(new Failure("EDQUOT"));
    await syncing;
    expect(file.gates.of("write")).toHaveLength(1);
    expect(file.space.dirtyBytes).toBe(3 * pageSize);
  });

  test("an interrupted fsync returns at once; its flight lands, and the next fsync waits for it", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    file.gates.close("write");
    const controller = cancelController();
    const interrupted = file.space.sync({ ...alice, signal: controller.signal });
    const write = await file.gates.arrived("write", 1);
    controller.abort();
    await expect(interrupted).rejects.toMatchObject({ code: "EINTR" });
    const next = file.space.sync(alice);
    await settle();
    expect(file.space.dirtyBytes).toBe(pageSize);
    write.pass();
    await next;
    expect(file.space.dirtyBytes).toBe(0);
    expect(file.gates.of("write")).toHaveLength(1);
  });
});

describe("destroying a file", () => {
  test("[S5.15] waits for what is in flight, forgets the rest, and every gauge is zero", async () => {
    const file = await gatedFile(noReadahead);
    const { flight: write, syncing } = await sendHeld(file, bytesOf(2 * pageSize, 1), alice);
    await file.space.write(0, bytesOf(10, 2), alice);
    let destroyed = false;
    const destroying = file.space.destroy().then(() => {
      destroyed = true;
    });
    await settle();
    expect(destroyed).toBe(false);
    write.pass();
    await Promise.all([syncing, destroying]);
    expect(file.cache.snapshot()).toMatchObject({
      frameBytes: 0,
      cachedPages: 0,
      dirtyBytes: 0,
      dirtyPages: 0,
      inFlightBytes: 0,
      inFlightPages: 0,
      dirtyFiles: 0,
      openSpaces: 0,
    });
    file.cache.checkInvariants();
    await file.clock.advance(60_000);
    expect(file.clock.timerCount).toBe(0);
  });
});
