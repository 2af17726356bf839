/** Directories that are open: held at the store until they are given back, whatever becomes of their names. */
import { describe, expect, it } from "vitest";
import type { CachedVolume } from "../../../src/files/cached-volume.ts";
import type { Node, Volume } from "../../../src/files/index.ts";
import { superuser } from "../../../src/port/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { gate, hookedStore } from "../../kit/hooked-store.ts";
import { alice, bob, type MemoryVolume, memoryVolume, nodeAt } from "../../kit/memory-volume.ts";

const call = callAs(superuser);
const longAgoNs = 14_676_107_865_548_870n;

const removals: readonly (readonly [how: string, remove: (place: MemoryVolume) => Promise<void>])[] = [
  ["removed", ({ volume }) => volume.removeDirectory(volume.root, "d", call)],
  ["replaced by another", ({ volume }) => volume.rename(volume.root, "e", volume.root, "d", "replace", call)],
  ["removed by another client", async ({ other }) => other.removeDirectory(await nodeAt(other, "/"), "d", call)],
];

async function expectLivingWithoutName(volume: Volume, node: Node): Promise<void> {
  expect((await volume.getAttributes(node, call)).linkCount).toBe(0);
  const changed = await volume.setAttributes(node, { mode: 0o750, modifyTimeNs: longAgoNs }, call);
  expect(changed).toMatchObject({ mode: 0o750, modifyTimeNs: longAgoNs, linkCount: 0 });
  expect((await volume.setAttributes(node, { uid: 1000 }, call)).uid).toBe(1000);
  await volume.setExtendedAttribute(node, "user.a", new Uint8Array(3), "any", call);
  expect(await volume.listExtendedAttributes(node, call)).toEqual(["user.a"]);
}

describe("an open directory", () => {
  it.each(removals)(
    "[G25] that was %s goes on without a name, and is gone when it is given back",
    async (_, remove) => {
      await using place = await memoryVolume();
      const { volume, server } = place;
      const node = await volume.makeDirectory(volume.root, "d", 0o755, call);
      await volume.makeDirectory(volume.root, "e", 0o755, call);
      const nodeCount = server.nodeCount;
      const handle = await volume.openDirectory(node, call);
      await remove(place);
      await expectLivingWithoutName(volume, node);
      expect(await handle.load()).toEqual([]);
      await handle.sync();
      await expect(volume.makeDirectory(node, "in", 0o755, call)).rejects.toMatchObject({ code: "ENOENT" });
      (volume as CachedVolume).checkInvariants();
      expect(server.nodeCount).toBe(nodeCount);
      await handle.release();
      await handle.release();
      expect(server.nodeCount).toBe(nodeCount - 1);
      await expect(handle.load()).rejects.toMatchObject({ code: "EBADF" });
    },
  );

  it("is seen as it was by whoever has it, without a handle, after its last one was given back", async () => {
    await using place = await memoryVolume();
    const { volume } = place;
    const node = volume.remember(await volume.makeDirectory(volume.root, "d", 0o755, call));
    const handle = await volume.openDirectory(node, call);
    await volume.removeDirectory(volume.root, "d", call);
    await volume.setAttributes(node, { mode: 0o711 }, call);
    await handle.release();
    expect(await volume.getAttributes(node, call)).toMatchObject({ mode: 0o711, linkCount: 0 });
    volume.forget(node, 1);
  });

  it("is changed by its owner alone, without a handle, after it was removed", async () => {
    await using place = await memoryVolume();
    const { volume } = place;
    const node = volume.remember(await volume.makeDirectory(volume.root, "d", 0o755, callAs(alice)));
    await volume.removeDirectory(volume.root, "d", call);
    const changes = { mode: 0o700, modifyTimeNs: longAgoNs };
    await expect(volume.setAttributes(node, changes, callAs(bob))).rejects.toMatchObject({ code: "EPERM" });
    const changed = await volume.setAttributes(node, changes, callAs(alice));
    expect(changed).toMatchObject({ ...changes, linkCount: 0 });
    await expect(volume.setAttributes(node, { uid: 1001 }, callAs(alice))).rejects.toMatchObject({ code: "EPERM" });
    expect(await volume.getAttributes(node, callAs(bob))).toMatchObject({ ...changes, uid: 1000, linkCount: 0 });
    volume.forget(node, 1);
  });

  it("is an empty one when it was removed before, and is opened by whoever still works in it", async () => {
    await using place = await memoryVolume();
    const { volume } = place;
    const node = volume.remember(await volume.makeDirectory(volume.root, "d", 0o755, call));
    const gone = volume.remember(await volume.makeDirectory(volume.root, "e", 0o755, call));
    await volume.removeDirectory(volume.root, "d", call);
    await place.other.removeDirectory(await nodeAt(place.other, "/"), "e", call);
    const handle = await volume.openDirectory(node, call);
    expect(await handle.load()).toEqual([]);
    await handle.sync();
    (volume as CachedVolume).checkInvariants();
    await handle.release();
    await expect(volume.openDirectory(gone, call)).rejects.toMatchObject({ code: "ESTALE" });
    for (const each of [node, gone]) volume.forget(each, 1);
  });

  it("is not opened by whom the store refuses to read it", async () => {
    await using place = await memoryVolume();
    const { volume, server } = place;
    const node = await volume.makeDirectory(volume.root, "d", 0o700, call);
    await expect(volume.openDirectory(node, callAs(alice))).rejects.toMatchObject({ code: "EACCES" });
    await volume.removeDirectory(volume.root, "d", call);
    expect(server.nodeCount).toBe(1);
  });

  it("is given back by the close of its volume, also one that is being opened then", async () => {
    const asked = gate();
    const answer = gate();
    let isHeldUp = false;
    const hold = async (run: () => Promise<unknown>): Promise<unknown> => {
      if (!isHeldUp) return run();
      asked.open();
      await answer.opened;
      return run();
    };
    await using place = await memoryVolume({ wrap: (store) => hookedStore(store, { hold, close: async () => {} }) });
    const { volume, server, other } = place;
    const node = await volume.makeDirectory(volume.root, "d", 0o755, call);
    await volume.openDirectory(node, call);
    isHeldUp = true;
    const opening = expect(volume.openDirectory(node, call)).rejects.toMatchObject({ code: "ENOTCONN" });
    await asked.opened;
    await volume.close();
    answer.open();
    await opening;
    await other.removeDirectory(await nodeAt(other, "/"), "d", call);
    expect(server.nodeCount).toBe(1);
  });
});
