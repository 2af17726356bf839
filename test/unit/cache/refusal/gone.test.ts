/** A file that is no longer at the store: nobody's bytes have a place to go, and all of them are rescued and told. */
import { describe, expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { asSuperuser } from "../../../kit/cached-file.ts";
import { alice, bob, bytesOf, pageSize, readBack } from "../../../kit/gated-file.ts";
import { nextWrite, refusalScene, refuseFirst } from "../../../kit/refusal-scene.ts";

describe("a file that is gone at the store", () => {
  test("[S0.14] discards everybody's writes, each rescued under its credential, and says so once for each", async () => {
    const file = await refusalScene(bytesOf(2 * pageSize, 7));
    const cursor = file.space.errors.sample();
    await readBack(file.space, 0, 2 * pageSize);
    await file.space.write(0, bytesOf(100, 1), alice);
    await file.space.write(3 * pageSize, bytesOf(100, 1), alice);
    await file.space.write(pageSize, bytesOf(100, 2), bob);
    await removeFile();
    file.gates.open("write");
    await file.space.sync(asSuperuser);
    file.cache.checkInvariants();
    expect(file.gates.of("write")).toHaveLength(1);
    expect([file.space.dirtyBytes, file.space.pages.count]).toEqual([0, 0]);
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "ESTALE" });
    const kept = file.rescue.entries.map(({ refused, bytes }) => [refused.credential.id, refused.refusalClass, bytes]);
    expect(kept).toEqual([
      [alice.credential.id, "gone", [bytesOf(100, 1), bytesOf(100, 1)]],
      [bob.credential.id, "gone", [bytesOf(100, 2)]],
    ]);
    expect(file.failures.map(({ outcome, refusalClass }) => [outcome, refusalClass])).toEqual([
      ["excised", "gone"],
      ["excised", "gone"],
    ]);

    async function removeFile(): Promise<void> {
      const root = await file.store.root(asSuperuser);
      await file.store.release(file.node, { read: true, write: true, execute: false }, asSuperuser);
      await file.store.remove(root.node, "file", asSuperuser);
    }
  });

  test("[S0.14] takes no more writes: they would have no place to go", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7));
    const root = await file.store.root(asSuperuser);
    await file.space.write(0, bytesOf(100, 1), alice);
    await file.store.release(file.node, { read: true, write: true, execute: false }, asSuperuser);
    await file.store.remove(root.node, "file", asSuperuser);
    file.gates.open("write");
    await file.space.sync(asSuperuser);
    expect(file.space.tryWrite(0, bytesOf(10, 1), alice.credential)).toBe(-1);
    await expect(file.space.write(0, bytesOf(10, 1), alice)).rejects.toMatchObject({ code: "ESTALE" });
    await expect(readBack(file.space, 0, 10)).rejects.toMatchObject({ code: "ESTALE" });
  });

  test("[S0.14] [S5.4] an ESTALE of a store that still knows the file is a conflict, and concerns the one write", async () => {
    const file = await refusalScene(bytesOf(2 * pageSize, 7));
    await file.space.write(0, bytesOf(100, 1), alice);
    await file.space.write(pageSize, bytesOf(100, 2), bob);
    await refuseFirst(file, "ESTALE");
    expect(file.failures).toMatchObject([{ refusalClass: "conflict", credential: alice.credential }]);
    file.gates.open("write");
    await file.space.sync(bob);
    expect(file.failures).toHaveLength(1);
    expect(await file.space.write(0, bytesOf(10, 3), alice)).toBe(10);
  });

  test("[S0.14] [S5.4] stays gone for all that was refused with it, though the store then tells what it knew before", async () => {
    const file = await refusalScene(bytesOf(2 * pageSize, 7));
    await file.space.write(0, bytesOf(100, 1), alice);
    await file.space.write(pageSize, bytesOf(100, 2), bob);
    file.gates.close("getAttributes");
    const syncing = file.space.sync(asSuperuser);
    (await nextWrite(file)).refuse(new Failure("ESTALE"));
    (await file.gates.arrived("getAttributes", 1)).refuse(new Failure("ESTALE"));
    file.gates.open("getAttributes");
    await syncing;
    expect(file.failures.map(({ credential, refusalClass }) => [credential.id, refusalClass])).toEqual([
      [alice.credential.id, "gone"],
      [bob.credential.id, "gone"],
    ]);
    expect(file.rescue.entries.map(({ refused }) => refused.refusalClass)).toEqual(["gone", "gone"]);
    expect([file.space.stale, file.space.dirtyBytes]).toEqual([true, 0]);
    file.cache.checkInvariants();
  });

  test("[S0.14] a store that says gone and then does not answer has not said it of the others", async () => {
    const file = await refusalScene(bytesOf(2 * pageSize, 7), {}, { conditionalWrites: false });
    await file.space.write(0, bytesOf(100, 1), alice);
    await file.space.write(pageSize, bytesOf(100, 2), bob);
    file.gates.close("getAttributes");
    const syncing = file.space.sync(asSuperuser);
    (await nextWrite(file)).refuse(new Failure("ENOENT"));
    (await file.gates.arrived("getAttributes", 1)).refuse(new Failure("ECONNREFUSED"));
    await syncing;
    expect(file.failures).toMatchObject([{ refusalClass: "gone", credential: alice.credential }]);
    expect(file.space.dirtyBytes).toBe(100);
    expect(file.space.stale).toBe(false);
    file.cache.checkInvariants();
  });
});
