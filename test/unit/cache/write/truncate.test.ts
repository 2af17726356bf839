/** Truncate and punch against write-back and reads, and when the store refuses them. */
import { describe, expect, test } from "vitest";
import { cancelController, Failure } from "../../../../src/base/index.ts";
import { memoryStore } from "../../../../src/stores/memory/index.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bytesOf, gatedFile, pageSize, readBack, sendHeld, storedFile } from "../../../kit/gated-file.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };

describe("truncate", () => {
  test("waits for what is in flight, and cuts off what is dirty without sending it", async () => {
    const file = await gatedFile(noReadahead);
    const { flight: write, syncing } = await sendHeld(file, bytesOf(pageSize, 1), alice);
    await file.space.write(0, bytesOf(3 * pageSize, 2), alice);
    const truncating = file.space.truncate(100, alice);
    await settle();
    expect(file.gates.of("setAttributes")).toHaveLength(0);
    write.pass();
    await Promise.all([syncing, truncating]);
    expect(file.space.size).toBe(100);
    expect(file.space.dirtyBytes).toBe(100);
    file.cache.checkInvariants();
    file.gates.open("write");
    await file.space.sync(alice);
    expect(await bytesAtStore(file)).toEqual(bytesOf(100, 2));
    expect(file.gates.of("write").map(({ end }) => end)).toEqual([pageSize, 100]);
  });

  test("[S1.5] keeps writers out until it is done: none of them is cut off, none lands before it", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
    file.gates.close("setAttributes");
    const truncating = file.space.truncate(0, alice);
    const change = await file.gates.arrived("setAttributes", 1);
    expect(file.space.tryWrite(0, bytesOf(10, 1), alice.credential)).toBe(-1);
    const writing = file.space.write(0, bytesOf(10, 1), alice);
    const appending = file.space.append(bytesOf(10, 2), alice);
    const reading = readBack(file.space, 0, 2 * pageSize);
    await settle();
    expect(file.gates.of("read")).toHaveLength(0);
    change.pass();
    await Promise.all([truncating, writing]);
    expect((await appending).position).toBe(10);
    expect((await reading).length).toBeLessThanOrEqual(20);
    await file.space.sync(alice);
    expect(await bytesAtStore(file)).toEqual(Uint8Array.from([...bytesOf(10, 1), ...bytesOf(10, 2)]));
    file.cache.checkInvariants();
  });

  test("[G7] that the store refuses loses nothing", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(2 * pageSize, 1), alice);
    file.gates.close("setAttributes");
    const truncating = file.space.truncate(0, alice);
    (await file.gates.arrived("setAttributes", 1)).refuse(new Failure("EACCES"));
    await expect(truncating).rejects.toMatchObject({ code: "EACCES" });
    expect(file.space.size).toBe(2 * pageSize);
    expect(file.space.inodeLock.isHeld || file.space.invalidateLock.isHeld || file.space.writebackLock.isHeld).toBe(
      false,
    );
    await file.space.sync(alice);
    expect(await bytesAtStore(file)).toEqual(bytesOf(2 * pageSize, 1));
  });

  test("down and up again shows zeros, never what was there before", async () => {
    const file = await gatedFile(noReadahead);
    await file.space.write(0, bytesOf(2 * pageSize, 1), alice);
    await file.space.truncate(1000, alice);
    await file.space.truncate(2 * pageSize, alice);
    const expected = new Uint8Array(2 * pageSize);
    expected.fill(1, 0, 1000);
    expect(await readBack(file.space, 0, 3 * pageSize)).toEqual(expected);
    await file.space.sync(alice);
    expect(await bytesAtStore(file)).toEqual(expected);
    file.cache.checkInvariants();
  });

  test("of a file on a store that is volatile is made durable by fsync", async () => {
    const file = await gatedFile(noReadahead, { durability: "volatile" });
    await file.space.write(0, bytesOf(100, 1), alice);
    await file.space.sync(alice);
    await file.space.truncate(10, alice);
    await file.space.sync(alice);
    expect(file.gates.of("commit")).toHaveLength(2);
    file.server.crash();
    expect(await bytesAtStore(file)).toEqual(bytesOf(10, 1));
  });

  test("an interrupted truncate leaves the locks as they were", async () => {
    const file = await gatedFile(noReadahead);
    const { flight: write, syncing } = await sendHeld(file, bytesOf(pageSize, 1), alice);
    const controller = cancelController();
    const truncating = file.space.truncate(0, { ...alice, signal: controller.signal });
    await settle();
    controller.abort();
    await expect(truncating).rejects.toMatchObject({ code: "EINTR" });
    expect(file.space.inodeLock.isHeld || file.space.invalidateLock.isHeld).toBe(false);
    write.pass();
    await syncing;
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 1));
  });
});

describe("a change of ours just after another client's", () => {
  test("[G17] does not hide it: what was clean is read again", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
    const other = memoryStore(file.server);
    await readBack(file.space, 0, 2 * pageSize);
    await other.write(file.node, 0, [bytesOf(pageSize, 8)], undefined, asSuperuser);
    await file.space.truncate(pageSize + 10, alice);
    expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 8));
    expect(file.space.size).toBe(pageSize + 10);
    await other.write(file.node, 0, [bytesOf(pageSize, 9)], undefined, asSuperuser);
    await file.space.changeAtStore(alice, () => file.store.setAttributes(file.node, { mode: 0o600 }, alice));
    expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 9));
    file.cache.checkInvariants();
  });

  test("[G18] does not hide a conflict: dirty bytes are still refused, and the other client's stay", async () => {
    const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
    const other = memoryStore(file.server);
    await file.space.write(0, bytesOf(10, 1), alice);
    await other.write(file.node, 0, [bytesOf(pageSize, 8)], undefined, asSuperuser);
    const cursor = file.space.errors.sample();
    await file.space.truncate(pageSize, alice);
    await file.space.sync(alice);
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "ESTALE" });
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 8));
    expect([file.space.dirtyBytes, file.space.unrescuedBytes]).toEqual([0, 10]);
    // With the last dirty byte the conflict has gone.
    await file.space.truncate(0, alice);
    await file.space.write(0, bytesOf(10, 2), alice);
    await file.space.sync(alice);
    expect(file.space.errors.check(cursor)).toBeUndefined();
    expect(await bytesAtStore(file)).toEqual(bytesOf(10, 2));
  });
});

describe("punching a hole", () => {
  test("sends what is dirty first; then the range is zeros, here and at the store", async () => {
    const file = await storedFile(bytesOf(3 * pageSize, 7), noReadahead);
    await readBack(file.space, 0, 3 * pageSize);
    await file.space.write(pageSize, bytesOf(100, 8), alice);
    await file.space.punchHole(50, 2 * pageSize, alice);
    const expected = bytesOf(3 * pageSize, 7);
    expected.fill(0, 50, 50 + 2 * pageSize);
    expect(await readBack(file.space, 0, 3 * pageSize)).toEqual(expected);
    expect(await bytesAtStore(file)).toEqual(expected);
    const changes = file.gates.operations.map(({ name }) => name).filter((name) => !/read|get/.test(name));
    expect(changes).toEqual(["write", "punchHole"]);
    file.cache.checkInvariants();
  });

  test("is not done when what is dirty cannot be sent", async () => {
    const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
    await file.space.write(0, bytesOf(100, 8), alice);
    file.gates.close("write");
    const punching = file.space.punchHole(0, pageSize, alice);
    (await file.gates.arrived("write", 1)).refuse(new Failure("EDQUOT"));
    await expect(punching).rejects.toMatchObject({ code: "EDQUOT" });
    expect(file.gates.of("punchHole")).toHaveLength(0);
    expect(file.space.dirtyBytes).toBe(100);
    expect(await readBack(file.space, 0, 100, asSuperuser)).toEqual(bytesOf(100, 8));
  });
});
