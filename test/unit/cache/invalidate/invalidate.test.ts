/** Invalidation: by order and by the store's word; what goes, what stays, and what is said of it. */
import { describe, expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import type { Store } from "../../../../src/port/index.ts";
import { memoryStore } from "../../../../src/stores/memory/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bytesOf, framesOf, type GatedFile, pageSize, readBack, storedFile } from "../../../kit/gated-file.ts";

const noReadahead = { readaheadBytesMax: 0 };
const unconditional = { conditionalWrites: false };

/** Another client writes; its attributes are what a stat would answer. */
async function changeElsewhere(file: GatedFile, other: Store, offset: number, bytes: Uint8Array): Promise<void> {
  const askedAt = file.space.changeCount;
  await other.write(file.node, offset, [bytes], undefined, asSuperuser);
  file.space.revalidate(await other.getAttributes(file.node, asSuperuser), askedAt);
  file.cache.checkInvariants();
}

describe("invalidation by order", () => {
  test("[S4.10] [S4.9] dirty bytes are sent first, then the pages of the range go", async () => {
    const file = await storedFile(bytesOf(4 * pageSize, 7), noReadahead);
    await readBack(file.space, 0, 4 * pageSize);
    await file.space.write(pageSize, bytesOf(100, 8), alice);
    expect(await file.space.invalidate(pageSize, 2 * pageSize, alice)).toEqual({ pagesLeft: 0 });
    expect(file.space.pages.get(1)).toBeUndefined();
    expect(file.space.pages.count).toBe(3);
    expect((await bytesAtStore(file)).subarray(pageSize, pageSize + 100)).toEqual(bytesOf(100, 8));
  });

  test("[S4.11] [S4.6] says how many pages could not go", async () => {
    const file = await storedFile(bytesOf(4 * pageSize, 7), noReadahead);
    await readBack(file.space, 0, 4 * pageSize);
    await file.space.write(pageSize, bytesOf(100, 8), alice);
    file.gates.close("write");
    const invalidating = file.space.invalidate(0, Number.POSITIVE_INFINITY, alice);
    (await file.gates.arrived("write", 1)).refuse(new Failure("EDQUOT"));
    expect(await invalidating).toEqual({ pagesLeft: 1 });
    expect(file.space.pages.count).toBe(1);
    expect(file.space.dirtyBytes).toBe(100);
    file.cache.checkInvariants();
  });

  test("[S4.8] [S0.26] ranges without pages are passed over, however large the gaps are", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    await file.space.write(2 ** 40, bytesOf(10, 1), alice);
    expect(await file.space.invalidate(pageSize, 2 ** 40 - 1, alice)).toEqual({ pagesLeft: 0 });
    expect(file.space.pages.count).toBe(1);
    expect(await file.space.invalidate(0, Number.POSITIVE_INFINITY, alice)).toEqual({ pagesLeft: 0 });
    expect(file.space.pages.count).toBe(0);
  });

  test("[S4.12] of very many pages goes up the file, lets others have their turn, and keeps fills out", async () => {
    const pageCount = 10_000;
    const file = await storedFile(bytesOf(10, 7), { ...noReadahead, budgetBytes: 12_000 * pageSize });
    await file.clock.during(file.space.truncate(pageCount * pageSize, alice));
    for (let from = 0; from < pageCount; from += 1000) await readBack(file.space, from * pageSize, 1000 * pageSize);
    expect(file.space.pages.count).toBe(pageCount);
    const looks: { first: number; count: number; reads: number }[] = [];
    let reading: Promise<Uint8Array> | undefined;
    const look = (): void => {
      const first = file.space.pages.next(0);
      if (first === undefined) return;
      file.clock.after(0, look);
      if (first.index === 0 && reading === undefined) return;
      looks.push({ first: first.index, count: file.space.pages.count, reads: file.gates.of("read").length });
      reading ??= readBack(file.space, 0, pageSize);
    };
    const reads = file.gates.of("read").length;
    file.clock.after(0, look);
    expect(await file.clock.during(file.space.invalidate(0, Number.POSITIVE_INFINITY, alice))).toEqual({
      pagesLeft: 0,
    });
    expect(looks.length).toBeGreaterThan(1);
    expect(looks).toEqual(looks.map(({ count }) => ({ first: pageCount - count, count, reads })));
    expect((await reading)?.subarray(0, 10)).toEqual(bytesOf(10, 7));
    file.cache.checkInvariants();
  });

  test("the frame of a page that a reader has views of stays his", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    const run = await framesOf(file.space, 0, pageSize);
    await file.space.invalidate(0, Number.POSITIVE_INFINITY, alice);
    await file.space.write(0, bytesOf(16 * pageSize, 9), alice);
    expect(run.views[0]).toEqual(bytesOf(pageSize, 7));
    run.release();
    file.cache.checkInvariants();
  });
});

describe("revalidation", () => {
  test("the same version changes nothing", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    await readBack(file.space, 0, pageSize);
    const generation = file.space.generation;
    file.space.revalidate(await file.store.getAttributes(file.node, asSuperuser), file.space.changeCount);
    expect(file.space.generation).toBe(generation);
    expect(file.space.pages.count).toBe(1);
  });

  test("[S4.5] another version: clean bytes go, the new ones and the new size are shown", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
    const other = memoryStore(file.server);
    await readBack(file.space, 0, 2 * pageSize);
    await changeElsewhere(file, other, pageSize, bytesOf(3 * pageSize, 8));
    expect(file.space.size).toBe(4 * pageSize);
    expect((await readBack(file.space, 0, 4 * pageSize))[pageSize]).toBe(8);
    await other.setAttributes(file.node, { size: 10 }, asSuperuser);
    file.space.revalidate(await other.getAttributes(file.node, asSuperuser), file.space.changeCount);
    expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(bytesOf(10, 7));
  });

  test("an answer that an own change has overtaken says nothing", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    const askedAt = file.space.changeCount;
    const stale = await file.store.getAttributes(file.node, asSuperuser);
    await file.space.write(0, bytesOf(3 * pageSize, 8), alice);
    await file.space.sync(alice);
    file.space.revalidate(stale, askedAt);
    expect(file.space.size).toBe(3 * pageSize);
    expect(await readBack(file.space, 0, 10)).toEqual(bytesOf(10, 8));
  });

  test("[S5.4] [G18] with dirty bytes the base version stays where writes are conditional: the conflict is told, nothing is overwritten", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    const other = memoryStore(file.server);
    const cursor = file.space.errors.sample();
    await file.space.write(0, bytesOf(10, 1), alice);
    await changeElsewhere(file, other, 0, bytesOf(pageSize, 8));
    await file.space.sync(alice);
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "ESTALE" });
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 8));
    expect([file.space.dirtyBytes, file.space.unrescuedBytes]).toEqual([0, 10]);
  });

  test("[G17] with dirty bytes, where writes are conditional, what is clean stays at their version until they are sent", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
    const other = memoryStore(file.server);
    await readBack(file.space, 0, 2 * pageSize);
    await file.space.write(0, bytesOf(10, 1), alice);
    await changeElsewhere(file, other, pageSize, bytesOf(pageSize, 8));
    expect(await readBack(file.space, pageSize, pageSize)).toEqual(bytesOf(pageSize, 7));
    await file.space.sync(alice);
    expect(await readBack(file.space, pageSize, pageSize)).toEqual(bytesOf(pageSize, 8));
  });

  test("[G3] with dirty bytes and a store without conditions, what is clean is read again, and both clients' bytes survive", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead, unconditional);
    const other = memoryStore(file.server, unconditional);
    await readBack(file.space, 0, 2 * pageSize);
    await file.space.write(0, bytesOf(10, 1), alice);
    await file.space.write(3 * pageSize, bytesOf(10, 1), alice);
    await changeElsewhere(file, other, 5, bytesOf(2 * pageSize, 8));
    const expected = new Uint8Array(3 * pageSize + 10);
    expected.fill(8, 0, 2 * pageSize + 5);
    expected.fill(1, 0, 10);
    expected.fill(1, 3 * pageSize);
    expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(expected);
    await file.space.sync(alice);
    expect(await bytesAtStore(file)).toEqual(expected);
  });
});
