/** Filling: lies of the store, failures, interrupted readers, and fills that meet truncate and invalidation. */
import { describe, expect, test } from "vitest";
import { cancelController, Failure } from "../../../../src/base/index.ts";
import { FrameRun } from "../../../../src/cache/index.ts";
import { type Store, superuser } from "../../../../src/port/index.ts";
import { memoryStore } from "../../../../src/stores/memory/index.ts";
import { asSuperuser, bytesAtStore, cachedFile } from "../../../kit/cached-file.ts";
import { anotherSpace, bytesOf, framesOf, gatedFile, pageSize, readBack, storedFile } from "../../../kit/gated-file.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };

describe("what the store says it read", () => {
  test("[S0.29] a negative count is nothing read: the bytes are zeros", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    file.gates.close("read");
    const reading = readBack(file.space, 0, pageSize);
    (await file.gates.arrived("read", 1)).answerCount(-1);
    expect(await reading).toEqual(bytesOf(pageSize, 0));
  });

  test("[S0.29] more than was asked for is EBADMSG, and nothing of it is shown", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    file.gates.close("read");
    const reading = readBack(file.space, 0, pageSize);
    (await file.gates.arrived("read", 1)).answerCount(pageSize + 1);
    await expect(reading).rejects.toMatchObject({ code: "EBADMSG" });
    file.cache.checkInvariants();
    file.gates.open("read");
    expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 7));
  });

  test("[S0.29] so it is where the store answers at once: the slow way says it", async () => {
    const file = await cachedFile({ pageSize, budgetBytes: 16 * pageSize, ...noReadahead }, (store) =>
      Object.assign(Object.create(store) as Store, {
        tryRead: () => ({ byteCount: pageSize + 1, version: "1" }),
        read: async () => ({ byteCount: pageSize + 1, version: "1" }),
      }),
    );
    file.space.setSize(pageSize);
    file.space.storeSize = pageSize;
    const target = new Uint8Array(pageSize);
    expect(file.space.tryRead(0, target, file.space.newReadahead(), superuser)).toBe(-1);
    await expect(readBack(file.space, 0, pageSize)).rejects.toMatchObject({ code: "EBADMSG" });
    file.cache.checkInvariants();
  });

  test("[S0.28] bytes across and beyond the end of the file are zeros, whoever wrote the rest of the page", async () => {
    const file = await storedFile(bytesOf(100, 7), noReadahead);
    await file.space.write(300, bytesOf(10, 9), asSuperuser);
    const expected = new Uint8Array(310);
    expected.fill(7, 0, 100);
    expected.fill(9, 300);
    expect(await readBack(file.space, 0, 1000)).toEqual(expected);
    await file.space.sync(asSuperuser);
    expect(await bytesAtStore(file)).toEqual(expected);
  });

  test("a store that reads less at once than a page is asked in parts", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
    Object.defineProperty(file.cache.store, "manifest", {
      value: { ...file.store.manifest, readBytesMax: 1000 },
    });
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(bytesOf(2 * pageSize, 7));
    expect(Math.max(...file.gates.of("read").map((read) => read.byteCount))).toBe(1000);
  });
});

describe("readers who fail or leave", () => {
  test("a page that could not be read is held by nobody afterwards", async () => {
    const file = await storedFile(bytesOf(4 * pageSize, 7), noReadahead);
    file.gates.close("read");
    const readings = [readBack(file.space, 0, pageSize), framesOf(file.space, pageSize, pageSize)];
    for (const count of [1, 2]) (await file.gates.arrived("read", count)).refuse(new Failure("EIO"));
    for (const reading of readings) await expect(reading).rejects.toMatchObject({ code: "EIO" });
    expect([0, 1].map((page) => file.space.pages.get(page)?.holdCount ?? 0)).toEqual([0, 0]);
    await file.space.destroy();
    expect(file.cache.snapshot().frameBytes).toBe(0);
    file.cache.checkInvariants();
  });

  test("an interrupted reader leaves at once; truncate waits for the read it left behind", async () => {
    const file = await storedFile(bytesOf(4 * pageSize, 7), noReadahead);
    file.gates.close("read");
    const controller = cancelController();
    const reading = file.space.read(0, new Uint8Array(2 * pageSize), file.space.newReadahead(), {
      ...asSuperuser,
      signal: controller.signal,
    });
    const read = await file.gates.arrived("read", 1);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ code: "EINTR" });
    const truncating = file.space.truncate(100, asSuperuser);
    await settle();
    expect(file.gates.of("setAttributes")).toHaveLength(0);
    read.pass();
    await truncating;
    file.cache.checkInvariants();
    await file.space.truncate(pageSize, asSuperuser);
    const expected = new Uint8Array(pageSize);
    expected.fill(7, 0, 100);
    file.gates.open("read");
    expect(await readBack(file.space, 0, pageSize)).toEqual(expected);
  });

  test("a read that fails after its reader left concerns nobody", async () => {
    const file = await storedFile(bytesOf(4 * pageSize, 7), noReadahead);
    file.gates.close("read");
    const controller = cancelController();
    const call = { ...asSuperuser, signal: controller.signal };
    const first = readBack(file.space, pageSize, pageSize);
    const reading = file.space.read(0, new Uint8Array(4 * pageSize), file.space.newReadahead(), call);
    const reads = [await file.gates.arrived("read", 1), await file.gates.arrived("read", 2)];
    controller.abort();
    await expect(reading).rejects.toMatchObject({ code: "EINTR" });
    reads[0]?.refuse(new Failure("EIO"));
    await expect(first).rejects.toMatchObject({ code: "EIO" });
    const truncating = file.space.truncate(0, asSuperuser);
    await settle();
    expect(file.gates.of("setAttributes")).toHaveLength(0);
    reads[1]?.refuse(new Failure("EIO"));
    await truncating;
    await settle();
    await file.space.destroy();
    expect(file.cache.snapshot().frameBytes).toBe(0);
  });

  test("a part that fails while the reader still waits for another page is his to hear of, later", async () => {
    const file = await storedFile(bytesOf(4 * pageSize, 7), noReadahead);
    file.gates.close("read");
    const first = readBack(file.space, pageSize, pageSize);
    const slow = await file.gates.arrived("read", 1);
    const reading = readBack(file.space, 0, 2 * pageSize);
    (await file.gates.arrived("read", 2)).refuse(new Failure("EIO"));
    // The failure is there for many turns before the reader comes to it; nothing may count it as unheard.
    for (let turn = 0; turn < 5; turn++) await settle();
    slow.pass();
    await expect(reading).rejects.toMatchObject({ code: "EIO" });
    expect(await first).toEqual(bytesOf(pageSize, 7));
    file.cache.checkInvariants();
  });

  test("a reader who asks when already interrupted reads nothing", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    const controller = cancelController();
    controller.abort();
    const call = { ...asSuperuser, signal: controller.signal };
    await expect(file.space.read(0, new Uint8Array(10), file.space.newReadahead(), call)).rejects.toMatchObject({
      code: "EINTR",
    });
    expect(file.gates.of("read")).toHaveLength(0);
  });

  test("a destroyed file is not read", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    await file.space.destroy();
    await expect(readBack(file.space, 0, 10)).rejects.toMatchObject({ code: "ESTALE" });
    expect(file.cache.snapshot().frameBytes).toBe(0);
  });
});

describe("fills that meet others", () => {
  test("two readers of one page ask the store once", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    file.gates.close("read");
    const readings = [readBack(file.space, 0, pageSize), readBack(file.space, 10, 20)];
    await file.gates.arrived("read", 1);
    await settle();
    file.gates.open("read");
    expect((await Promise.all(readings)).map((bytes) => bytes.length)).toEqual([pageSize, 20]);
    expect(file.gates.of("read")).toHaveLength(1);
  });

  test("[S4.2] bytes read before an invalidation are thrown away, and the reader gets the new ones", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    const other = memoryStore(file.server);
    file.gates.close("read");
    const reading = readBack(file.space, 0, pageSize);
    const answer = (await file.gates.arrived("read", 1)).passHoldingAnswer();
    await settle();
    const askedAt = file.space.changeCount;
    const { attributes } = await other.write(file.node, 0, [bytesOf(pageSize, 8)], undefined, asSuperuser);
    file.space.revalidate(attributes, askedAt);
    file.gates.open("read");
    answer();
    expect(await reading).toEqual(bytesOf(pageSize, 8));
    expect(file.gates.of("read")).toHaveLength(2);
    file.cache.checkInvariants();
  });

  test("a write to a page that is being filled waits, and both bytes are there", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    file.gates.close("read");
    const reading = readBack(file.space, 0, pageSize);
    const read = await file.gates.arrived("read", 1);
    expect(file.space.tryWrite(10, bytesOf(10, 9), asSuperuser.credential)).toBe(-1);
    const writing = file.space.write(10, bytesOf(10, 9), asSuperuser);
    read.pass();
    expect(await writing).toBe(10);
    await reading;
    const expected = bytesOf(pageSize, 7);
    expected.fill(9, 10, 20);
    expect(await readBack(file.space, 0, pageSize)).toEqual(expected);
    expect(file.cache.counters.writeVerdicts.waitForFill).toBeGreaterThan(0);
  });

  test("[S5.9] a reader who waits for memory gets it when another lets his pages go", async () => {
    const file = await storedFile(bytesOf(20 * pageSize, 7), { ...noReadahead, dirtyLimitBytes: 8 * pageSize });
    const runs: FrameRun[] = [];
    for (let page = 0; page < 16; page += 2) runs.push(await framesOf(file.space, page * pageSize, 2 * pageSize));
    const other = await anotherSpace(file, "other");
    await other.truncate(pageSize, asSuperuser);
    expect(file.cache.snapshot().frameBytes).toBe(16 * pageSize);
    let done = false;
    const reading = readBack(other, 0, pageSize).then(() => {
      done = true;
    });
    await settle();
    expect(done).toBe(false);
    runs[3]?.release();
    await reading;
    for (const run of runs) run.release();
    file.cache.checkInvariants();
  });
});

describe("large files", () => {
  test.each([2 ** 31 - 100, 2 ** 32 - 100, 2 ** 40 + 5, 2 ** 44 - 1, 2 ** 52 + 12_345])(
    "[S4.13] bytes at offset %d go to the store and come back",
    async (position) => {
      const file = await gatedFile(noReadahead);
      const bytes = Uint8Array.from({ length: 3 * pageSize }, (_, at) => at % 251);
      expect(await file.space.write(position, bytes, asSuperuser)).toBe(bytes.length);
      await file.space.sync(asSuperuser);
      await file.space.invalidate(position, position + bytes.length, asSuperuser);
      expect(file.space.pages.count).toBe(0);
      expect(await readBack(file.space, position, bytes.length)).toEqual(bytes);
      expect(await readBack(file.space, position - 50, 50)).toEqual(new Uint8Array(50));
      await file.space.truncate(position + 10, asSuperuser);
      expect(await readBack(file.space, position, 100)).toEqual(bytes.subarray(0, 10));
      file.cache.checkInvariants();
    },
  );
});

test("[S5.9] [S5.10] a frame that comes to a reader just as he goes is had by the next one who waits", async () => {
  const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
  const taken: Uint8Array[] = [];
  for (let frame = file.cache.tryTakeFrame(); frame !== undefined; frame = file.cache.tryTakeFrame()) taken.push(frame);
  const going = cancelController();
  const first = readBack(file.space, 0, 10, { ...asSuperuser, signal: going.signal });
  const second = readBack(file.space, pageSize, 10);
  await settle();
  file.cache.pool.give(taken.pop() as Uint8Array);
  file.cache.frameMayBeFree();
  going.abort();
  await expect(first).rejects.toMatchObject({ code: "EINTR" });
  expect(await file.clock.during(second)).toEqual(bytesOf(10, 7));
  for (const frame of taken) file.cache.pool.give(frame);
  file.cache.checkInvariants();
});

describe("views of frames", () => {
  test("hold what they showed until they are released, though the page is written over, sent and dropped", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
    const run = await framesOf(file.space, 0, 2 * pageSize);
    await file.space.invalidate(0, Number.POSITIVE_INFINITY, asSuperuser);
    for (let page = 0; page < 40; page++) await file.space.write(page * pageSize, bytesOf(pageSize, 9), asSuperuser);
    await file.space.sync(asSuperuser);
    expect(run.byteCount).toBe(2 * pageSize);
    for (const view of run.views) expect(view).toEqual(bytesOf(view.length, 7));
    run.release();
    expect(run.held).toHaveLength(0);
    file.cache.checkInvariants();
  });

  test("a run that cannot be read holds nothing", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
    file.gates.close("read");
    const run = new FrameRun();
    const reading = file.space.readFrames(0, pageSize, file.space.newReadahead(), run, asSuperuser);
    (await file.gates.arrived("read", 1)).refuse(new Failure("EACCES"));
    await expect(reading).rejects.toMatchObject({ code: "EACCES" });
    expect([run.held.length, run.views.length]).toEqual([0, 0]);
  });
});
