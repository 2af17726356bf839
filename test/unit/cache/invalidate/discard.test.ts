/** Unsent bytes that an invalidation drops because their writer says so, and what it does not drop. */
import { describe, expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bob, bytesOf, pageSize, readBack, sendHeld, storedFile } from "../../../kit/gated-file.ts";
import { refusalScene, refuseFirst } from "../../../kit/refusal-scene.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };
const everything = [0, Number.POSITIVE_INFINITY] as const;

describe("[S4.10] an invalidation that discards", () => {
  test("drops the caller's unsent bytes, those of the range only; nothing is sent of them, and nobody is told", async () => {
    const file = await storedFile(bytesOf(4 * pageSize, 7), noReadahead);
    await file.space.write(0, bytesOf(3 * pageSize, 1), alice);
    expect(await file.space.invalidate(100, 2 * pageSize, alice, "discard")).toEqual({ pagesLeft: 0 });
    expect(file.gates.of("write").map(({ offset, end }) => [offset, end])).toEqual([[0, 100]]);
    const expected = bytesOf(4 * pageSize, 7)
      .fill(1, 0, 100)
      .fill(1, 2 * pageSize, 3 * pageSize);
    expect(await readBack(file.space, 0, 4 * pageSize)).toEqual(expected);
    expect(file.space.dirtyBytes).toBe(pageSize);
    await file.space.sync(alice);
    expect(await bytesAtStore(file)).toEqual(expected);
    expect(file.failures).toEqual([]);
    file.cache.checkInvariants();
  });

  test("sends another credential's bytes: they are not the caller's to drop", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
    await file.space.write(0, bytesOf(10, 1), alice);
    await file.space.write(pageSize, bytesOf(10, 2), bob);
    expect(await file.space.invalidate(...everything, alice, "discard")).toEqual({ pagesLeft: 0 });
    const expected = bytesOf(2 * pageSize, 7).fill(2, pageSize, pageSize + 10);
    expect(await bytesAtStore(file)).toEqual(expected);
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(expected);
  });

  test("takes the size back where the bytes had moved it, and leaves it where another's did later", async () => {
    const file = await storedFile(bytesOf(100, 7), noReadahead);
    await file.space.write(200, bytesOf(pageSize, 1), alice);
    await file.space.invalidate(...everything, alice, "discard");
    expect([file.space.size, file.cache.ledger.dirtyBytes]).toEqual([100, 0]);
    expect(await readBack(file.space, 0, 2 * pageSize)).toEqual(bytesOf(100, 7));
    await file.space.write(200, bytesOf(pageSize, 1), alice);
    await file.space.write(3 * pageSize, bytesOf(10, 2), bob);
    await file.space.invalidate(...everything, alice, "discard");
    expect(file.space.size).toBe(3 * pageSize + 10);
    expect((await readBack(file.space, 100, pageSize)).every((byte) => byte === 0)).toBe(true);
  });

  test("waits for what is in flight, which the store has then, and drops what was written since", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    const { flight, syncing } = await sendHeld(file, bytesOf(10, 1), alice);
    await file.space.write(5, bytesOf(10, 2), alice);
    const invalidating = file.space.invalidate(...everything, alice, "discard");
    await settle();
    expect(file.cache.ledger.dirtyBytes).toBe(10);
    flight.pass();
    file.gates.open("write");
    await syncing;
    expect(await invalidating).toEqual({ pagesLeft: 0 });
    const expected = bytesOf(pageSize, 7).fill(1, 0, 10);
    expect([await bytesAtStore(file), await readBack(file.space, 0, pageSize)]).toEqual([expected, expected]);
    file.cache.checkInvariants();
  });

  test("does not dispose of refused bytes that nobody could rescue: they stay, and are counted", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7));
    file.rescue.failure = new Failure("ENOSPC");
    await file.space.write(0, bytesOf(100, 1), alice);
    await refuseFirst(file);
    await file.space.write(50, bytesOf(100, 2), alice);
    expect(await file.space.invalidate(...everything, alice, "discard")).toEqual({ pagesLeft: 1 });
    expect([file.space.unrescuedBytes, file.space.dirtyBytes]).toEqual([100, 0]);
    file.rescue.failure = undefined;
    await file.space.sync(asSuperuser);
    expect(file.rescue.entries.map(({ bytes }) => bytes)).toEqual([[bytesOf(100, 1)]]);
    expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 7));
    file.cache.checkInvariants();
  });
});
