/** Names: what is remembered never hides what was made, moved or removed, here or by another client. */
import { describe, expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { openFlags } from "../../../src/files/index.ts";
import { superuser } from "../../../src/port/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { gatedVolume } from "../../kit/gated-volume.ts";
import { gate, hookedStore } from "../../kit/hooked-store.ts";
import { contentAt, memoryVolume, nodeAt, rewriteAt } from "../../kit/memory-volume.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";

const call = callAs(superuser);

describe("names", () => {
  it("forgets that a name was missing as soon as it is made here, by any way of making one", async () => {
    await using place = await memoryVolume();
    const { volume } = place;
    const { root } = volume;
    const missing = async (name: string): Promise<void> => {
      await expect(volume.lookup(root, name, call)).rejects.toMatchObject({ code: "ENOENT" });
      expect(volume.tryLookup(root, name, superuser)).toBeNull();
    };
    for (const name of ["file", "directory", "link", "fifo", "hard", "moved"]) await missing(name);
    const handle = await volume.createFile(root, "file", 0o644, openFlags.O_RDWR, call);
    await handle.release();
    await volume.makeDirectory(root, "directory", 0o755, call);
    await volume.makeSymbolicLink(root, "link", "file", call);
    await volume.makeNode(root, "fifo", "fifo", 0o644, 0, call);
    await volume.link(handle.node, root, "hard", call);
    expect(volume.tryLookup(root, "file", superuser)).toBe(handle.node);
    expect(volume.tryLookup(root, "hard", superuser)).toBe(handle.node);
    expect(volume.tryGetAttributes(handle.node, superuser)?.linkCount).toBe(2);
    expect(volume.tryLookup(root, "directory", superuser)).toMatchObject({ kind: "directory" });
    expect(volume.tryLookup(root, "link", superuser)).toMatchObject({ kind: "symbolicLink" });
    expect(volume.tryLookup(root, "fifo", superuser)).toMatchObject({ kind: "fifo" });
    await volume.rename(root, "file", root, "moved", "noReplace", call);
    expect(volume.tryLookup(root, "moved", superuser)).toBe(handle.node);
    expect(volume.tryLookup(root, "file", superuser)).toBeNull();
    expect(handle.node.path).toBe("/moved");
  });

  it("forgets what it made of a name when changes overlapped: the store alone knows which came last", async () => {
    const done = gate();
    const answer = gate();
    const remove = async (run: () => Promise<unknown>): Promise<unknown> => {
      const result = await run();
      done.open();
      await answer.opened;
      return result;
    };
    await using place = await memoryVolume({ wrap: (inner) => hookedStore(inner, { remove }) });
    const { volume } = place;
    const { root } = volume;
    await volume.promises.writeFile("/name", "old");
    const removing = volume.unlink(root, "name", call);
    await done.opened;
    const made = await volume.createFile(root, "name", 0o644, openFlags.O_RDWR, call);
    answer.open();
    await removing;
    expect(await volume.lookup(root, "name", call)).toBe(made.node);
    await made.release();
  });

  it("renames over, without replacing, and in exchange", async () => {
    await using place = await memoryVolume();
    const { volume } = place;
    const { promises, root } = volume;
    await promises.writeFile("/a", "a");
    await promises.writeFile("/b", "b");
    await expect(volume.rename(root, "a", root, "b", "noReplace", call)).rejects.toMatchObject({ code: "EEXIST" });
    await volume.rename(root, "a", root, "b", "exchange", call);
    expect(await promises.readFile("/a", "utf8")).toBe("b");
    expect(await promises.readFile("/b", "utf8")).toBe("a");
    await volume.rename(root, "a", root, "b", "replace", call);
    expect(await promises.readFile("/b", "utf8")).toBe("b");
    await expect(promises.stat("/a")).rejects.toMatchObject({ code: "ENOENT" });
    await promises.link("/b", "/c");
    await volume.rename(root, "b", root, "c", "replace", call);
    expect((await promises.readdir("/")).sort()).toEqual(["b", "c"]);
  });

  it("keeps a file that was removed while open, and drops its bytes unwritten at the last close", async () => {
    await using place = await memoryVolume();
    const { volume, server } = place;
    const file = await volume.open("/file", "w+");
    await file.write("before");
    await volume.promises.unlink("/file");
    await file.write(" after", 6);
    const back = new Uint8Array(12);
    expect((await file.read(back, 0, 12, 0)).bytesRead).toBe(12);
    expect(new TextDecoder().decode(back)).toBe("before after");
    expect((await file.stat()).nlink).toBe(0);
    await file.close();
    expect(volume.snapshot()).toMatchObject({ openFiles: [], dirtyFiles: [], cache: { openSpaces: 0, dirtyBytes: 0 } });
    expect(server.nodeCount).toBe(1);
  });

  it("writes back a removed name's bytes while the file has another name", async () => {
    await using place = await memoryVolume();
    const { volume, other } = place;
    await volume.promises.writeFile("/file", "old");
    await volume.promises.link("/file", "/other");
    const file = await volume.open("/file", "r+");
    await file.write("new");
    await volume.promises.unlink("/file");
    await file.close();
    expect(await contentAt(other, "/other")).toBe("new");
  });

  it("asks for no durability of a file that lost its last name, whatever the link count was thought to be", async () => {
    await using place = await memoryVolume({ store: { durability: "volatile" } });
    const { volume, server } = place;
    await volume.promises.writeFile("/file", "content");
    await volume.promises.link("/file", "/other");
    volume.remember(await volume.lookup(volume.root, "file", call));
    await volume.promises.unlink("/file");
    await volume.promises.unlink("/other");
    await volume.promises.writeFile("/lone", "content");
    volume.remember(await volume.lookup(volume.root, "lone", call));
    await volume.promises.unlink("/lone");
    await volume.sync();
    await volume.close();
    expect(server.nodeCount).toBe(1);
  });

  it("a file that another client linked elsewhere is not taken for removed", async () => {
    await using place = await memoryVolume({ store: { reportsChanges: false } });
    const { volume, other } = place;
    const file = await volume.open("/file", "w+");
    await file.write("bytes");
    await other.link(await nodeAt(other, "/file"), await nodeAt(other, "/"), "elsewhere", call);
    await volume.promises.unlink("/file");
    await file.close();
    expect(await contentAt(other, "/elsewhere")).toBe("bytes");
  });
});

describe("changes by another client", () => {
  it("[G17] are seen at once where the store reports them", async () => {
    await using place = await memoryVolume();
    const { volume, other } = place;
    const heard: string[] = [];
    volume.events.on("invalidate", (event) => {
      heard.push(event.what === "entry" ? `entry ${event.name}` : `${event.what} ${event.node.path}`);
    });
    await volume.promises.writeFile("/file", "old");
    expect(await volume.promises.readFile("/file", "utf8")).toBe("old");
    await rewriteAt(other, "/file", "newer");
    expect(heard).toContain("content /file");
    expect(await volume.promises.readFile("/file", "utf8")).toBe("newer");
    await expect(volume.promises.stat("/made")).rejects.toMatchObject({ code: "ENOENT" });
    await other.createFile(await nodeAt(other, "/"), "made", 0o644, call);
    expect(heard).toContain("entry made");
    expect((await volume.promises.stat("/made")).size).toBe(0);
    await other.remove(await nodeAt(other, "/"), "made", call);
    await expect(volume.promises.stat("/made")).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("[G11] [G17] are seen at the next open where the store does not report them (close-to-open)", async () => {
    const clock = new VirtualClock();
    await using place = await memoryVolume({ clock, store: { reportsChanges: false } });
    const { volume, other } = place;
    await volume.promises.writeFile("/file", "old");
    expect(await volume.promises.readFile("/file", "utf8")).toBe("old");
    await rewriteAt(other, "/file", "newer");
    expect(await volume.promises.readFile("/file", "utf8")).toBe("newer");
  });

  it("[G17] leave an open handle's cached bytes believed for the time-out at most", async () => {
    const clock = new VirtualClock();
    await using place = await memoryVolume({ clock, store: { reportsChanges: false } });
    const { volume, other } = place;
    await volume.promises.writeFile("/file", "old");
    const file = await volume.open("/file", "r");
    const bytes = new Uint8Array(3);
    expect((await file.read(bytes, 0, 3, 0)).bytesRead).toBe(3);
    await rewriteAt(other, "/file", "new");
    await clock.advance(volume.attributeTimeoutMs);
    expect(file.tryRead(0, bytes)).toBe(-1);
    await file.read(bytes, 0, 3, 0);
    expect(new TextDecoder().decode(bytes)).toBe("new");
    await file.close();
  });

  it("[G17] are seen at the next look after one's own change, though an answer during that could not be judged", async () => {
    const clock = new VirtualClock();
    await using place = await gatedVolume({ clock, store: { reportsChanges: false } });
    const { volume, other, gates } = place;
    await volume.promises.writeFile("/file", "a".repeat(8192));
    const file = await volume.open("/file", "r+");
    const bytes = new Uint8Array(3);
    await file.read(bytes, 0, 3, 4096);
    const { length: before } = gates.of("write");
    gates.close("write");
    await file.write("own", 0);
    const syncing = file.sync();
    const answer = (await gates.arrived("write", before + 1)).passHoldingAnswer();
    await clock.advance(volume.attributeTimeoutMs);
    await other.write(await nodeAt(other, "/file"), 4096, [new TextEncoder().encode("new")], undefined, call);
    const questions = gates.of("getAttributes").length;
    await file.stat();
    expect(gates.of("getAttributes")).toHaveLength(questions + 1);
    answer();
    await syncing;
    await file.read(bytes, 0, 3, 4096);
    expect(new TextDecoder().decode(bytes)).toBe("new");
    await file.close();
  });

  it("a file that was replaced is found again although its old name is remembered", async () => {
    await using place = await memoryVolume({ store: { reportsChanges: false } });
    const { volume, other } = place;
    await volume.promises.writeFile("/file", "old");
    const root = await nodeAt(other, "/");
    await other.remove(root, "file", call);
    await other.createFile(root, "file", 0o644, call);
    await rewriteAt(other, "/file", "another");
    expect(await volume.promises.readFile("/file", "utf8")).toBe("another");
  });

  it("a link that was made is answered as made, whatever the store says to later questions", async () => {
    let isDeaf = false;
    await using place = await memoryVolume({
      volume: { attributeTimeoutMs: 0 },
      wrap: (store) =>
        hookedStore(store, {
          getAttributes: (run) => (isDeaf ? Promise.reject(new Failure("EIO", { syscall: "stat" })) : run()),
        }),
    });
    const { volume, other } = place;
    await volume.promises.writeFile("/file", "content");
    const file = await volume.lookup(volume.root, "file", call);
    isDeaf = true;
    expect((await volume.link(file, volume.root, "second", call)).linkCount).toBe(2);
    expect(await contentAt(other, "/second")).toBe("content");
  });
});
