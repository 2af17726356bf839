/** The size of a file after a refusal: it goes back if the refused bytes had moved it, and stays where others moved it. */
import { describe, expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { sizeWithout } from "../../../../src/cache/refusal/excise.ts";
import { memoryStore } from "../../../../src/stores/memory/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bob, bytesOf, pageSize, readBack } from "../../../kit/gated-file.ts";
import { nextWrite, refusalScene, refuseFirst } from "../../../kit/refusal-scene.ts";

describe("the size after a refusal", () => {
  test.each([
    ["it had moved the end: the store's size", 300, 300, 100, 0, 100],
    ["it had moved the end, and others are still to be sent", 300, 300, 100, 200, 200],
    ["something later moved the end", 400, 300, 100, 400, 400],
    ["something later moved the end, and was accepted", 400, 300, 400, 0, 400],
    ["bytes that are clean here, such as salvaged ones, lie behind it", 400, 300, 100, 0, 400],
    ["it lies inside the file", 300, 200, 300, 0, 300],
    ["the file grew at the store", 300, 300, 500, 0, 500],
  ])("[S0.10] %s", (_what, size, refusedEnd, storeSize, unsentEnd, expected) => {
    expect(sizeWithout(size, refusedEnd, storeSize, unsentEnd)).toBe(expected);
  });
});

describe("winding back", () => {
  test("[S0.10] an extension that is refused leaves the file as long as it is at the store, and nothing behind its end", async () => {
    const file = await refusalScene(bytesOf(100, 7));
    await file.space.write(3 * pageSize, bytesOf(100, 1), alice);
    expect((await readBack(file.space, 0, 4 * pageSize)).length).toBe(3 * pageSize + 100);
    await refuseFirst(file);
    expect(file.space.size).toBe(100);
    expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(bytesOf(100, 7));
    expect(file.failures).toMatchObject([{ sizeBefore: 3 * pageSize + 100, sizeAfter: 100, hole: undefined }]);
    // Who writes behind the end again finds a hole of zeros before it, not what was refused.
    await file.space.write(4 * pageSize, bytesOf(10, 2), alice);
    expect((await readBack(file.space, 3 * pageSize, 100)).every((byte) => byte === 0)).toBe(true);
  });

  test("[S0.10] in the middle of a page, zeros that were brought in behind the store's end do not come back as bytes", async () => {
    const file = await refusalScene(bytesOf(100, 7));
    await file.space.write(200, bytesOf(100, 1), alice);
    expect((await readBack(file.space, 0, 300)).subarray(100, 200)).toEqual(bytesOf(100, 0));
    await refuseFirst(file);
    expect(file.space.size).toBe(100);
    const other = memoryStore(file.server);
    await other.write(file.node, 100, [bytesOf(100, 9)], undefined, asSuperuser);
    file.space.revalidate(await other.getAttributes(file.node, asSuperuser), file.space.changeCount);
    expect((await readBack(file.space, 0, 300)).subarray(100)).toEqual(bytesOf(100, 9));
  });

  test("[S0.10] [S0.R8] a later extension by another credential stands, and what was refused beneath it is a hole, and told", async () => {
    const file = await refusalScene(bytesOf(100, 7));
    await file.space.write(100, bytesOf(100, 1), alice);
    await file.space.write(pageSize, bytesOf(100, 2), bob);
    await refuseFirst(file);
    expect(file.space.size).toBe(pageSize + 100);
    const expected = new Uint8Array(pageSize + 100);
    expected.fill(7, 0, 100);
    expected.fill(2, pageSize);
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(expected);
    expect(await bytesAtStore(file)).toEqual(expected);
    expect(file.failures).toMatchObject([{ hole: { start: 100, end: 200 } }]);
  });

  test("[S0.10] [S0.R8] an extension that is made while the refusal is being settled stands", async () => {
    const file = await refusalScene(bytesOf(100, 7));
    await file.space.write(100, bytesOf(100, 1), alice);
    const letGo = file.rescue.holdUp();
    const refusing = refuseFirst(file);
    await file.rescue.attempted(1);
    await file.space.write(pageSize, bytesOf(100, 2), alice);
    letGo();
    await refusing;
    expect(file.space.size).toBe(pageSize + 100);
    expect(file.space.dirtyBytes).toBe(100);
    expect((await readBack(file.space, 100, 100)).every((byte) => byte === 0)).toBe(true);
  });

  test("[S0.10] when the later extension is refused as well, the end of what is left is the end", async () => {
    const file = await refusalScene(bytesOf(100, 7));
    await file.space.write(100, bytesOf(100, 1), alice);
    await file.space.write(2 * pageSize, bytesOf(100, 2), bob);
    const syncing = file.space.sync(asSuperuser);
    const first = await nextWrite(file);
    first.pass();
    (await nextWrite(file)).refuse(new Failure("EDQUOT"));
    await syncing;
    expect([file.space.size, file.space.dirtyBytes]).toEqual([2 * pageSize + 100, 100]);
    await refuseFirst(file, "EACCES");
    expect(file.space.size).toBe(200);
    expect(file.failures.at(-1)).toMatchObject({ sizeBefore: 2 * pageSize + 100, sizeAfter: 200, hole: undefined });
  });

  test("[S0.15] an append by another client survives, and the size is the store's", async () => {
    const file = await refusalScene(bytesOf(100, 7), {}, { conditionalWrites: false });
    await file.space.write(100, bytesOf(pageSize, 1), alice);
    const other = memoryStore(file.server, { conditionalWrites: false });
    await other.write(file.node, 100, [bytesOf(50, 9)], undefined, asSuperuser);
    await refuseFirst(file);
    const expected = bytesOf(150, 7);
    expected.fill(9, 100);
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(expected);
    expect(file.space.size).toBe(150);
    // The hole is what was refused beyond the old end and is inside the file now; others may have written there.
    expect(file.failures).toMatchObject([{ sizeAfter: 150, hole: { start: 100, end: 150 } }]);
    expect(file.latest.size).toBe(150);
  });

  test("[S0.8] what another client changed besides is read again", async () => {
    const file = await refusalScene(bytesOf(2 * pageSize, 7), {}, { conditionalWrites: false });
    await readBack(file.space, 0, 2 * pageSize);
    await file.space.write(0, bytesOf(100, 1), alice);
    const other = memoryStore(file.server, { conditionalWrites: false });
    await other.write(file.node, pageSize, [bytesOf(pageSize, 9)], undefined, asSuperuser);
    await refuseFirst(file);
    expect(await readBack(file.space, pageSize, pageSize)).toEqual(bytesOf(pageSize, 9));
  });

  test("[S0.10] of bytes that are rescued late, to what the store has by then", async () => {
    const file = await refusalScene(bytesOf(3 * pageSize, 7));
    file.rescue.failure = new Failure("ENOSPC");
    await file.space.write(3 * pageSize, bytesOf(100, 1), alice);
    await refuseFirst(file, "EIO");
    expect(file.space.size).toBe(3 * pageSize + 100);
    await memoryStore(file.server).setAttributes(file.node, { size: pageSize + 1 }, asSuperuser);
    file.rescue.failure = undefined;
    await file.space.sync(alice);
    expect(file.space.size).toBe(pageSize + 1);
    expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(bytesOf(pageSize + 1, 7));
  });
});
