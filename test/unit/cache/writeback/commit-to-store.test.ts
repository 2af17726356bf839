/** [S5.13] fsync answers when the store calls the bytes durable, and not before, whoever asked first. */
import { describe, expect, test } from "vitest";
import { cancelController, Failure } from "../../../../src/base/index.ts";
import type { AddressSpace } from "../../../../src/cache/index.ts";
import { bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, anotherSpace, bob, bytesOf, gatedFile, pageSize } from "../../../kit/gated-file.ts";
import { settle } from "../../../kit/virtual-clock.ts";

const noReadahead = { readaheadBytesMax: 0 };
const volatile = { durability: "volatile" } as const;

describe("fsync on a store that is volatile until a commit", () => {
  test("[S5.13] [G12] commits what was sent, once", async () => {
    const file = await gatedFile(noReadahead, volatile);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    await file.space.sync(alice);
    await file.space.sync(alice);
    expect(file.gates.of("commit")).toHaveLength(1);
    file.server.crash();
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 1));
  });

  test("[S5.13] a second caller waits for the commit under way", async () => {
    const file = await gatedFile(noReadahead, volatile);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    file.gates.close("commit");
    const first = file.space.sync(alice);
    const commit = await file.gates.arrived("commit", 1);
    let isOver = false;
    const second = file.space.sync(bob).then(() => {
      isOver = true;
    });
    await settle();
    expect(isOver).toBe(false);
    commit.pass();
    await Promise.all([first, second]);
    expect(file.gates.of("commit")).toHaveLength(1);
  });

  test("[S5.13] [S5.8] [G12] when that commit fails both hear of it, and it is tried again", async () => {
    const file = await gatedFile(noReadahead, volatile);
    const cursors = [file.space.errors.sample(), file.space.errors.sample()];
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    file.gates.close("commit");
    const syncs = [file.space.sync(alice), file.space.sync(bob)];
    (await file.gates.arrived("commit", 1)).refuse(new Failure("EIO"));
    (await file.gates.arrived("commit", 2)).pass();
    await Promise.all(syncs);
    for (const cursor of cursors) expect(file.space.errors.check(cursor)).toMatchObject({ code: "EIO" });
  });

  test("bytes that the store took during a commit need another one", async () => {
    const file = await gatedFile(noReadahead, volatile);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    file.gates.close("commit");
    const first = file.space.sync(alice);
    const commit = await file.gates.arrived("commit", 1);
    await file.space.write(0, bytesOf(pageSize, 2), alice);
    const second = file.space.sync(alice);
    await file.gates.arrived("write", 2);
    await settle();
    file.gates.open("commit");
    commit.pass();
    await Promise.all([first, second]);
    expect(file.gates.of("commit")).toHaveLength(2);
    file.server.crash();
    expect(await bytesAtStore(file)).toEqual(bytesOf(pageSize, 2));
  });

  test("an interrupted caller leaves; who waited for his commit does it himself", async () => {
    const file = await gatedFile(noReadahead, volatile);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    file.gates.close("commit");
    const controller = cancelController();
    const first = file.space.sync({ ...alice, signal: controller.signal });
    const commit = await file.gates.arrived("commit", 1);
    const second = file.space.sync(bob);
    await settle();
    controller.abort();
    commit.refuse(new Failure("EINTR"));
    await expect(first).rejects.toMatchObject({ code: "EINTR" });
    (await file.gates.arrived("commit", 2)).pass();
    await second;
    expect(file.space.durability.isUncommitted).toBe(false);
  });

  test("[S5.10] where the store itself says that it was interrupted, the handle is told, and the other files are not left out", async () => {
    const file = await gatedFile(noReadahead, volatile);
    const cursor = file.space.errors.sample();
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    const others: AddressSpace[] = [];
    for (let name = 0; name < 9; name++) others.push(await anotherSpace(file, `${name}`));
    for (const other of others) await other.write(0, bytesOf(10, 2), alice);
    file.gates.close("commit");
    const syncing = file.cache.sync({ durable: true, credential: alice.credential });
    for (let commit = 1; commit <= 8; commit++) {
      (await file.gates.arrived("commit", commit)).refuse(new Failure("EINTR"));
    }
    file.gates.open("commit");
    await syncing;
    expect(file.space.errors.check(cursor)).toMatchObject({ code: "EINTR" });
    expect(others.filter((other) => !other.durability.isUncommitted)).toHaveLength(2);
    await file.cache.sync({ durable: true, credential: alice.credential });
    expect(others.every((other) => !other.durability.isUncommitted)).toBe(true);
  });

  test("a file destroyed during its commit leaves nothing behind", async () => {
    const file = await gatedFile(noReadahead, volatile);
    await file.space.write(0, bytesOf(pageSize, 1), alice);
    file.gates.close("commit");
    const syncing = file.space.sync(alice);
    const commit = await file.gates.arrived("commit", 1);
    await file.space.destroy();
    commit.refuse(new Failure("EIO"));
    await syncing;
    const work = file.cache.sync({ durable: true, credential: alice.credential });
    await work;
    expect(file.gates.of("commit")).toHaveLength(1);
    expect(file.cache.snapshot().openSpaces).toBe(0);
  });
});
