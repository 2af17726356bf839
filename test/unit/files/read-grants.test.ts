/** Cached attributes, names and pages are shown to a credential only by the store's own, fresh word to it [S5.5]. */
import { describe, expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { openFlags } from "../../../src/files/index.ts";
import { type Store, superuser } from "../../../src/port/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { gate, hookedStore, withMembers } from "../../kit/hooked-store.ts";
import { alice, bob, memoryVolume, nodeAt } from "../../kit/memory-volume.ts";
import { settle, VirtualClock } from "../../kit/virtual-clock.ts";

const text = new TextEncoder().encode("secret");

describe("read grants", () => {
  it("[S5.5] [G14] gives another user neither name, attributes nor pages that one user brought in", async () => {
    await using place = await memoryVolume();
    const { volume } = place;
    await volume.promisesFor(alice).mkdir("/private", 0o700);
    await volume.promisesFor(alice).writeFile("/private/file", text);
    const directory = await volume.lookup(volume.root, "private", callAs(alice));
    const file = await volume.lookup(directory, "file", callAs(alice));
    expect(volume.tryLookup(directory, "file", alice)).toBe(file);
    expect(volume.tryGetAttributes(file, alice)?.size).toBe(6);

    expect(volume.tryLookup(directory, "file", bob)).toBeUndefined();
    expect(volume.tryGetAttributes(file, bob)).toBeUndefined();
    await expect(volume.lookup(directory, "file", callAs(bob))).rejects.toMatchObject({ code: "EACCES" });
    await expect(volume.promisesFor(bob).readFile("/private/file")).rejects.toMatchObject({
      code: "EACCES",
      syscall: "open",
      path: "/private/file",
    });
    await expect(volume.promisesFor(bob).stat("/private/absent")).rejects.toMatchObject({ code: "EACCES" });
  });

  it("[S5.5] [G14] hides a missing name from a user who may not search the directory", async () => {
    await using place = await memoryVolume();
    const { volume } = place;
    await volume.promisesFor(alice).mkdir("/private", 0o700);
    const directory = await volume.lookup(volume.root, "private", callAs(alice));
    await expect(volume.lookup(directory, "absent", callAs(alice))).rejects.toMatchObject({ code: "ENOENT" });
    expect(volume.tryLookup(directory, "absent", alice)).toBeNull();
    expect(volume.tryLookup(directory, "absent", bob)).toBeUndefined();
  });

  it("[G8] [G15] tells who may only write where data lies, also when the mode was changed since", async () => {
    await using place = await memoryVolume();
    const { volume } = place;
    const handle = await volume.createFile(volume.root, "f", 0o600, openFlags.O_WRONLY, callAs(alice));
    await handle.writeAt(1 << 20, text);
    await volume.setAttributes(handle.node, { mode: 0o200 }, callAs(alice));
    expect(await handle.seek(0, "data")).toBe(1 << 20);
    await handle.sync();
    expect(await handle.seek(0, "hole")).toBe(0);
    await expect(handle.seek(2 << 20, "data")).rejects.toMatchObject({ code: "ENXIO" });
    await handle.release();
  });

  it("[S5.5] [G14] ends with its lease", async () => {
    const clock = new VirtualClock();
    await using place = await memoryVolume({ clock });
    const { volume } = place;
    await volume.promisesFor(alice).writeFile("/file", text);
    const file = await volume.lookup(volume.root, "file", callAs(alice));
    expect(volume.tryGetAttributes(file, alice)).toBeDefined();
    await clock.advance(volume.attributeTimeoutMs - 1);
    expect(volume.tryGetAttributes(file, alice)).toBeDefined();
    await clock.advance(1);
    expect(volume.tryGetAttributes(file, alice)).toBeUndefined();
    expect(volume.tryLookup(volume.root, "file", alice)).toBeUndefined();
  });

  it.each([{ reports: true }, { reports: false }])(
    "[S5.5] [G14] ends for an open handle when another client takes the right away (reports: $reports)",
    async ({ reports }) => {
      const clock = new VirtualClock();
      await using place = await memoryVolume({ clock, store: { reportsChanges: reports } });
      const { volume, other } = place;
      await volume.promisesFor(alice).writeFile("/file", text);
      await volume.promisesFor(alice).chmod("/file", 0o644);
      const file = await volume.lookup(volume.root, "file", callAs(bob));
      const handle = await volume.openNode(file, openFlags.O_RDONLY, callAs(bob));
      const target = new Uint8Array(6);
      expect(await handle.readAt(0, target)).toBe(6);
      expect(handle.tryRead(0, target)).toBe(6);

      await other.setAttributes(await nodeAt(other, "/file"), { mode: 0o600 }, callAs(superuser));
      if (!reports) await clock.advance(volume.attributeTimeoutMs);
      expect(handle.tryRead(0, target)).toBe(-1);
      await expect(handle.readAt(0, target)).rejects.toMatchObject({ code: "EACCES" });
      expect(handle.tryRead(0, target)).toBe(-1);
      await handle.release();
    },
  );

  it("[S5.5] [G14] ends with a refusal", async () => {
    await using place = await memoryVolume();
    const { volume } = place;
    await volume.promisesFor(alice).writeFile("/file", text, { mode: 0o600 });
    const file = await volume.lookup(volume.root, "file", callAs(bob));
    expect(volume.tryGetAttributes(file, bob)).toBeDefined();
    await expect(volume.openNode(file, openFlags.O_RDONLY, callAs(bob))).rejects.toMatchObject({ code: "EACCES" });
    expect(volume.tryGetAttributes(file, bob)).toBeUndefined();
    expect(volume.tryGetAttributes(file, alice)).toBeDefined();
  });

  it("[S5.5] [G14] ends when the store refuses to read more of the file, for what is cached too", async () => {
    let isExpired = false;
    const wrap = (store: Store): Store =>
      hookedStore(store, {
        read: (run) => (isExpired ? Promise.reject(new Failure("EKEYEXPIRED", { syscall: "read" })) : run()),
      });
    await using place = await memoryVolume({ wrap, volume: { readaheadBytesMax: 0 } });
    const { volume, other } = place;
    await other.createFile((await other.root(callAs(alice))).node, "file", 0o644, callAs(alice));
    await other.setAttributes(await nodeAt(other, "/file"), { size: 8192 }, callAs(alice));
    const file = await volume.lookup(volume.root, "file", callAs(alice));
    const handle = await volume.openNode(file, openFlags.O_RDONLY, callAs(alice));
    const target = new Uint8Array(6);
    expect(await handle.readAt(0, target)).toBe(6);
    expect(handle.tryRead(0, target)).toBe(6);
    isExpired = true;
    await expect(handle.readAt(4096, target)).rejects.toMatchObject({ code: "EKEYEXPIRED" });
    expect(handle.tryRead(0, target)).toBe(-1);
    expect(volume.tryGetAttributes(file, alice)).toBeUndefined();
    await handle.release();
  });

  it("[G15] lets the maker of a read-only file write through its first handle, and nobody through a later one", async () => {
    await using place = await memoryVolume();
    const { volume } = place;
    const handle = await volume.createFile(volume.root, "object", 0o444, openFlags.O_RDWR, callAs(alice));
    expect(handle.tryWrite(0, text)).toBe(6);
    await handle.flush();
    await handle.release();
    const again = volume.openNode(handle.node, openFlags.O_RDWR, callAs(alice));
    await expect(again).rejects.toMatchObject({ code: "EACCES" });
    expect(await volume.promisesFor(bob).readFile("/object", "utf8")).toBe("secret");
  });

  it("[S5.5] [G15] outlives a change of mode made here, for what is open", async () => {
    await using place = await memoryVolume();
    const { volume } = place;
    await volume.promisesFor(alice).writeFile("/file", text);
    const file = await volume.lookup(volume.root, "file", callAs(alice));
    const handle = await volume.openNode(file, openFlags.O_RDONLY, callAs(alice));
    await volume.promisesFor(alice).chmod("/file", 0);
    const target = new Uint8Array(6);
    expect(handle.tryRead(0, target)).toBe(-1);
    expect(await handle.readAt(0, target)).toBe(6);
    expect(handle.tryRead(0, target)).toBe(6);
    await expect(volume.openNode(file, openFlags.O_RDONLY, callAs(alice))).rejects.toMatchObject({ code: "EACCES" });
    await handle.release();
  });

  it("[S5.5] [G14] an open that another client's change overtook asks the store again before it shows what is cached", async () => {
    const asked = gate();
    let isSlow = false;
    await using place = await memoryVolume({
      store: { reportsChanges: false },
      wrap: (store) =>
        hookedStore(store, {
          getAttributes: async (run) => {
            if (isSlow) await asked.opened;
            return run();
          },
        }),
    });
    const { volume, other } = place;
    await volume.promisesFor(alice).writeFile("/file", text, { mode: 0o644 });
    expect(await volume.promisesFor(alice).readFile("/file", "utf8")).toBe("secret");
    const file = await volume.lookup(volume.root, "file", callAs(bob));
    isSlow = true;
    const opening = volume.openNode(file, openFlags.O_RDONLY, callAs(bob));
    await settle();
    await other.setAttributes(await nodeAt(other, "/file"), { mode: 0o600 }, callAs(superuser));
    asked.open();
    const handle = await opening;
    expect(handle.tryRead(0, new Uint8Array(6))).toBe(-1);
    await expect(handle.readAt(0, new Uint8Array(6))).rejects.toMatchObject({ code: "EACCES" });
    await handle.release();
  });

  it("[S5.5] [G14] an answer given before a change of mode is no grant after it", async () => {
    const answered = gate();
    let isSlow = false;
    const late = async (run: () => Promise<unknown>): Promise<unknown> => {
      const answer = await run();
      if (isSlow) await answered.opened;
      return answer;
    };
    await using place = await memoryVolume({
      wrap: (store) => hookedStore(store, { lookup: late, getAttributes: late }),
    });
    const { volume } = place;
    await volume.promisesFor(alice).mkdir("/docs", 0o755);
    await volume.promisesFor(alice).writeFile("/docs/file", text);
    const docs = await volume.lookup(volume.root, "docs", callAs(alice));
    isSlow = true;
    const asking = [volume.lookup(docs, "file", callAs(bob)), volume.getAttributes(docs, callAs(bob))];
    await settle();
    await volume.setAttributes(docs, { mode: 0o700 }, callAs(alice));
    expect(volume.tryGetAttributes(docs, alice)).toBeDefined();
    answered.open();
    await Promise.all(asking);
    expect(volume.tryGetAttributes(docs, bob)).toBeUndefined();
    expect(volume.tryLookup(docs, "file", bob)).toBeUndefined();
    await expect(volume.lookup(docs, "file", callAs(bob))).rejects.toMatchObject({ code: "EACCES" });
  });

  it("[S5.5] [G14] a changed access control list ends the grants of the node as it is known now", async () => {
    const wrap = (store: Store): Store =>
      withMembers(store, {
        manifest: { ...store.manifest, extendedAttributes: true },
        setExtendedAttribute: async () => undefined,
        removeExtendedAttribute: async () => undefined,
      });
    await using place = await memoryVolume({ wrap, volume: { idleNodesMax: 0 } });
    const { volume } = place;
    await volume.promisesFor(alice).writeFile("/file", text);
    const before = await volume.lookup(volume.root, "file", callAs(alice));
    const file = volume.remember(await volume.lookup(volume.root, "file", callAs(alice)));
    expect(file).not.toBe(before);
    for (const change of [
      () => volume.setExtendedAttribute(before, "system.posix_acl_access", text, "any", callAs(alice)),
      () => volume.removeExtendedAttribute(before, "system.posix_acl_access", callAs(alice)),
    ]) {
      await volume.getAttributes(file, callAs(bob));
      expect(volume.tryGetAttributes(file, bob)).toBeDefined();
      await change();
      expect(volume.tryGetAttributes(file, bob)).toBeUndefined();
    }
    volume.forget(file, 1);
  });
});
