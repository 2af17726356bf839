/** Writing: copies on write, conflicts of credentials, short memory, limits, interruptions. */
import { describe, expect, test } from "vitest";
import { byteOffsetMax, cancelController, Failure } from "../../../../src/base/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import {
  alice,
  anotherSpace,
  bob,
  bytesOf,
  gatedFile,
  pageSize,
  readBack,
  sendHeld,
  storedFile,
} from "../../../kit/gated-file.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };

describe("pages in flight", () => {
  test("[S3.9] [S2.9] [G4] a write to a page in flight changes a copy; the store gets the old bytes, then the new", async () => {
    const file = await gatedFile(noReadahead);
    const { flight: first, syncing } = await sendHeld(file, bytesOf(2 * pageSize, 1), alice);
    expect(file.space.tryWrite(100, bytesOf(100, 2), alice.credential)).toBe(100);
    expect(file.space.tryWrite(0, bytesOf(pageSize, 3), alice.credential)).toBe(pageSize);
    expect(file.cache.counters.copiesOnWrite).toBe(1);
    const again = file.space.sync(alice);
    await settle();
    expect(file.gates.of("write")).toHaveLength(1);
    file.gates.open("write");
    await Promise.all([syncing, again]);
    expect(first.framesChanged).toBe(false);
    expect(first.bytes).toEqual(bytesOf(2 * pageSize, 1));
    const [, second] = file.gates.of("write");
    expect(second?.bytes).toEqual(bytesOf(pageSize, 3));
    expect(file.cache.counters.writeVerdicts.waitForFlight).toBe(0);
    expect(file.cache.snapshot().frameBytes).toBe(2 * pageSize);
    file.cache.checkInvariants();
  });

  test("[S0.R2] a write in flight that fails leaves the newer bytes, and joins its own to them", async () => {
    const file = await gatedFile(noReadahead);
    const { flight: write, syncing } = await sendHeld(file, bytesOf(300, 1), alice);
    await file.space.write(100, bytesOf(100, 2), alice);
    write.refuse(new Failure("EDQUOT"));
    await syncing;
    const expected = bytesOf(300, 1);
    expected.fill(2, 100, 200);
    expect(file.space.dirtyBytes).toBe(300);
    expect(await readBack(file.space, 0, 300)).toEqual(expected);
    file.cache.checkInvariants();
    file.gates.open("write");
    await file.space.sync(alice);
    expect(await bytesAtStore(file)).toEqual(expected);
  });
});

describe("several credentials", () => {
  test("[S0.30] a clean page goes to another credential without any write", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    await readBack(file.space, 0, pageSize);
    expect(file.space.tryWrite(0, bytesOf(10, 1), alice.credential)).toBe(10);
    await file.space.sync(alice);
    file.gates.operations.length = 0;
    expect(file.space.tryWrite(0, bytesOf(10, 2), bob.credential)).toBe(10);
    expect(file.gates.of("write")).toHaveLength(0);
    expect(file.space.pages.get(0)?.record?.credential).toBe(bob.credential);
  });

  test("[S0.30] [S5.6] [G6] dirty bytes of another credential are sent under its own first", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(10, 1), alice);
    expect(file.space.tryWrite(5, bytesOf(10, 2), bob.credential)).toBe(-1);
    expect(await file.space.write(5, bytesOf(10, 2), bob)).toBe(10);
    expect(file.gates.of("write").map(({ credential }) => credential.id)).toEqual([alice.credential.id]);
    expect(file.space.pages.get(0)?.record?.credential).toBe(bob.credential);
    await file.space.sync(asSuperuser);
    expect(file.gates.of("write").map(({ credential }) => credential.id)).toEqual([
      alice.credential.id,
      bob.credential.id,
    ]);
    expect(await bytesAtStore(file)).toEqual(Uint8Array.from([...bytesOf(5, 1), ...bytesOf(10, 2)]));
  });

  test("[S0.31] a writer who cannot have them out of his way hears why, and has given every lock back, once", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(10, 1), alice);
    file.gates.close("write");
    const writing = file.space.write(5, bytesOf(10, 2), bob);
    const next = file.space.write(pageSize, bytesOf(10, 2), bob);
    const last = file.space.append(bytesOf(10, 2), bob);
    await settle();
    (await file.gates.arrived("write", 1)).refuse(new Failure("EDQUOT"));
    await expect(writing).rejects.toMatchObject({ code: "EDQUOT" });
    expect([await next, await last]).toEqual([10, { position: pageSize + 10, byteCount: 10 }]);
    expect([file.space.inodeLock, file.space.writebackLock].map(({ isHeld }) => isHeld)).toEqual([false, false]);
    expect(file.space.pages.get(0)?.record?.credential).toBe(alice.credential);
    file.gates.open("write");
    expect(await file.clock.during(file.space.write(5, bytesOf(10, 2), bob))).toBe(10);
    file.cache.checkInvariants();
  });

  test("[S0.30] [S0.R9] bytes of another credential in flight are waited for", async () => {
    const file = await gatedFile(noReadahead);
    const { flight: write, syncing } = await sendHeld(file, bytesOf(10, 1), alice);
    let written = false;
    const writing = file.space.write(5, bytesOf(10, 2), bob).then(() => {
      written = true;
    });
    await settle();
    expect(written).toBe(false);
    write.pass();
    await Promise.all([syncing, writing]);
    expect(write.framesChanged).toBe(false);
    expect(file.cache.counters.writeVerdicts.waitForFlight).toBeGreaterThan(0);
    file.cache.checkInvariants();
  });

  test("bytes of another credential that stay dirty are the second writer's to hear of, not to hang on", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(10, 1), alice);
    file.gates.close("write");
    const writing = file.space.write(5, bytesOf(10, 2), bob);
    (await file.gates.arrived("write", 1)).refuse(new Failure("EDQUOT"));
    await expect(writing).rejects.toMatchObject({ code: "EDQUOT" });
    expect(await readBack(file.space, 0, 20)).toEqual(bytesOf(10, 1));
    expect(file.space.inodeLock.isHeld).toBe(false);
    file.cache.checkInvariants();
  });
});

describe("limits", () => {
  const limits = { ...noReadahead, dirtyLimitBytes: 8 * pageSize, dirtyBackgroundBytes: 2 * pageSize };

  test("[S5.9] [G20] the hard limit holds a writer until the store has taken bytes, and never grows", async () => {
    const file = await gatedFile(limits);
    file.gates.close("write");
    let written = false;
    const source = bytesOf(100 * pageSize, 1);
    const writing = file.space.write(0, source, alice).then((count) => {
      written = true;
      return count;
    });
    await file.gates.arrived("write", 1);
    await file.clock.advance(20_000);
    expect(written).toBe(false);
    expect(file.cache.ledger.heldBytes).toBeGreaterThanOrEqual(8 * pageSize);
    expect(file.cache.ledger.heldBytes).toBeLessThanOrEqual(9 * pageSize);
    file.gates.open("write");
    expect(await file.clock.during(writing)).toBe(source.length);
    await file.clock.during(file.space.sync(alice));
    expect(await bytesAtStore(file)).toEqual(source);
    expect(file.cache.counters.throttlePauses).toBeGreaterThan(0);
  });

  test("[S5.9] [G20] many writers together pass the limit by one piece, not by one each", async () => {
    const file = await gatedFile({ ...limits, budgetBytes: 64 * pageSize });
    file.gates.close("write");
    const spaces = await Promise.all(Array.from({ length: 12 }, (_, at) => anotherSpace(file, `file ${at}`)));
    const writings = spaces.map((space) => space.write(0, bytesOf(8 * pageSize, 1), alice));
    await file.clock.advance(5_000);
    expect(file.cache.ledger.heldBytes).toBeLessThanOrEqual(9 * pageSize);
    file.gates.open("write");
    expect(await file.clock.during(Promise.all(writings))).toEqual(spaces.map(() => 8 * pageSize));
    for (const space of spaces) await file.clock.during(space.sync(alice));
    file.cache.checkInvariants();
  });

  test("[S5.9] one great write without waiting does not pass the limits either", async () => {
    const file = await gatedFile(limits);
    expect(file.space.tryWrite(0, bytesOf(15 * pageSize, 1), alice.credential)).toBe(-1);
    expect(file.cache.ledger.heldBytes).toBe(0);
  });

  test("a writer who is held goes on when a truncate makes a page clean, though the page stays", async () => {
    const file = await gatedFile({ ...limits, dirtyBackgroundBytes: 8 * pageSize - 1 });
    const other = await anotherSpace(file, "other");
    await file.space.write(0, bytesOf(100, 1), alice);
    await file.space.sync(alice);
    file.gates.close("write");
    await file.space.write(100, bytesOf(pageSize - 100, 2), alice);
    const held = other.write(0, bytesOf(9 * pageSize, 3), alice);
    // The store is out of reach for what write-back tries now, so for a second only the truncate can make anything clean.
    for (const count of [2, 3]) (await file.gates.arrived("write", count)).refuse(new Failure("ECONNREFUSED"));
    await settle();
    expect(file.cache.ledger.heldBytes).toBe(8 * pageSize);
    const written = file.cache.counters.writtenBytes;
    await file.space.truncate(100, alice);
    await settle();
    expect(file.space.pages.count).toBe(1);
    expect(file.cache.counters.writtenBytes).toBe(written + pageSize);
    file.gates.open("write");
    await file.clock.during(held);
    file.cache.checkInvariants();
  });

  test("an interrupted writer who is held gets EINTR, or how much he wrote", async () => {
    const file = await gatedFile(limits);
    file.gates.close("write");
    const controller = cancelController();
    const call = { ...alice, signal: controller.signal };
    const long = file.space.write(0, bytesOf(20 * pageSize, 1), call);
    await file.clock.advance(1_000);
    const other = await anotherSpace(file, "other");
    const short = other.write(0, bytesOf(10, 1), call);
    await settle();
    controller.abort();
    const count = await long;
    expect(count).toBeGreaterThanOrEqual(8 * pageSize);
    expect(count).toBeLessThan(20 * pageSize);
    await expect(short).rejects.toMatchObject({ code: "EINTR" });
    expect(file.space.inodeLock.isHeld).toBe(false);
    file.gates.open("write");
    file.cache.checkInvariants();
  });
});

describe("short memory", () => {
  test("[S5.9] two writers who wait for frames both come through, in a cache of dirty pages only", async () => {
    const file = await gatedFile({ ...noReadahead, dirtyLimitBytes: 16 * pageSize });
    const other = await anotherSpace(file, "other");
    file.gates.close("write");
    const writings = [
      file.space.write(0, bytesOf(12 * pageSize, 1), alice),
      other.write(0, bytesOf(12 * pageSize, 2), alice),
    ];
    await file.gates.arrived("write", 1);
    await file.clock.advance(1_000);
    expect(file.cache.snapshot().frameBytes).toBeLessThanOrEqual(16 * pageSize);
    file.gates.open("write");
    expect(await file.clock.during(Promise.all(writings))).toEqual([12 * pageSize, 12 * pageSize]);
    expect(await readBack(other, 0, 12 * pageSize)).toEqual(bytesOf(12 * pageSize, 2));
    file.cache.checkInvariants();
  });

  test("[S2.5] a page is never evicted while it is dirty or in flight", async () => {
    const file = await gatedFile({
      ...noReadahead,
      dirtyLimitBytes: 16 * pageSize,
      dirtyBackgroundBytes: 15 * pageSize,
    });
    for (let page = 0; page < 4; page++) file.space.tryWrite(page * pageSize, bytesOf(pageSize, 1), alice.credential);
    const frames: Uint8Array[] = [];
    for (;;) {
      const frame = file.cache.tryTakeFrame();
      if (frame === undefined) break;
      frames.push(frame);
    }
    expect(frames).toHaveLength(12);
    expect(new Set(frames).size).toBe(12);
    expect(file.space.pages.count).toBe(4);
    for (const frame of frames) file.cache.pool.give(frame);
    file.cache.checkInvariants();
  });
});

describe("writes that cannot be", () => {
  test("beyond the largest offset is EFBIG, before the start EINVAL", async () => {
    const file = await gatedFile();
    await expect(file.space.write(byteOffsetMax - 5, bytesOf(10, 1), alice)).rejects.toMatchObject({ code: "EFBIG" });
    await expect(file.space.write(-1, bytesOf(10, 1), alice)).rejects.toMatchObject({ code: "EINVAL" });
    expect(file.space.tryWrite(-4096, bytesOf(10, 1), alice.credential)).toBe(-1);
    expect(file.space.pages.count).toBe(0);
    expect(await file.space.write(byteOffsetMax - 10, bytesOf(10, 1), alice)).toBe(10);
  });

  test("to a destroyed file is ESTALE, also for one who was waiting for it", async () => {
    const file = await gatedFile();
    const hold = await file.space.inodeLock.acquire();
    const destroying = file.space.destroy();
    const writing = file.space.write(0, bytesOf(10, 1), alice);
    const truncating = file.space.truncate(10, alice);
    await hold[Symbol.asyncDispose]();
    await destroying;
    await expect(writing).rejects.toMatchObject({ code: "ESTALE" });
    await expect(truncating).rejects.toMatchObject({ code: "ESTALE" });
    expect(file.space.tryWrite(0, bytesOf(10, 1), alice.credential)).toBe(-1);
    expect(file.cache.snapshot()).toMatchObject({ frameBytes: 0, dirtyFiles: 0, openSpaces: 0 });
  });
});

describe("[S1.5] appends", () => {
  test("of many writers follow each other, none over another, with truncates between", async () => {
    const file = await gatedFile(noReadahead);
    const appends = Array.from({ length: 30 }, (_, at) =>
      file.space.append(bytesOf(100, at + 1), at % 2 ? alice : bob),
    );
    const positions = (await file.clock.during(Promise.all(appends))).map(({ position }) => position);
    expect(positions).toEqual(Array.from({ length: 30 }, (_, at) => at * 100));
    const truncating = file.space.truncate(50, alice);
    const last = file.space.append(bytesOf(10, 99), bob);
    await truncating;
    expect((await file.clock.during(last)).position).toBe(50);
    expect(file.space.size).toBe(60);
  });
});
