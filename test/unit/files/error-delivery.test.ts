/** Failures of write-back reach every handle once, and the next opener when nobody heard [S5.8]. */
import { describe, expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { openFlags, type WritebackFailed } from "../../../src/files/index.ts";
import { type Store, superuser } from "../../../src/port/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { hookedStore } from "../../kit/hooked-store.ts";
import { alice, contentAt, memoryVolume } from "../../kit/memory-volume.ts";

const text = new TextEncoder().encode("words");

/** Refuses writes, commits or both for as long as it is told to. */
class RefusingStore {
  writes: "ENOSPC" | "EDQUOT" | undefined;
  commits: "EIO" | undefined;

  wrap(store: Store): Store {
    const refuse = (code: "EIO" | "ENOSPC" | "EDQUOT" | undefined, syscall: string): void => {
      if (code !== undefined) throw new Failure(code, { syscall });
    };
    return hookedStore(store, {
      write: async (run) => {
        refuse(this.writes, "write");
        return run();
      },
      commit: async (run) => {
        refuse(this.commits, "commit");
        return run();
      },
    });
  }
}

async function refusingVolume(durability: "stable" | "volatile" = "stable") {
  const refusing = new RefusingStore();
  const wrap = (store: Store): Store => refusing.wrap(store);
  const place = await memoryVolume({ wrap, store: { reportsChanges: false, durability } });
  await place.volume.promisesFor(alice).writeFile("/file", "");
  return { ...place, refusing };
}

describe("delivery of write-back failures", () => {
  it("[S5.8] [G9] [G11] close throws what fsync would have thrown, with the true code, and closes all the same", async () => {
    const { volume, refusing } = await refusingVolume();
    const file = await volume.open("/file", "r+", { credential: alice });
    await file.write("words");
    refusing.writes = "EDQUOT";
    await expect(file.close()).rejects.toMatchObject({ code: "EDQUOT", syscall: "close", path: "/file" });
    expect(volume.snapshot().openFiles).toEqual([]);
    await expect(file.read()).rejects.toMatchObject({ code: "EBADF" });
    refusing.writes = undefined;
    await volume.close();
  });

  it("[S5.8] [G9] leaving the scope of `await using` throws as close does", async () => {
    const { volume, refusing } = await refusingVolume();
    const scope = async (): Promise<void> => {
      await using file = await volume.open("/file", "r+", { credential: alice });
      await file.write("words");
      refusing.writes = "ENOSPC";
    };
    await expect(scope()).rejects.toMatchObject({ code: "ENOSPC" });
    refusing.writes = undefined;
    await volume.close();
  });

  it("[S5.8] [G9] tells each handle that was open once, and a later opener nothing", async () => {
    const { volume, refusing } = await refusingVolume();
    const node = await volume.lookup(volume.root, "file", callAs(alice));
    const writer = await volume.openNode(node, openFlags.O_RDWR, callAs(alice));
    const reader = await volume.openNode(node, openFlags.O_RDONLY, callAs(alice));
    expect(writer.tryWrite(0, text)).toBe(5);
    refusing.writes = "ENOSPC";
    await expect(writer.sync()).rejects.toMatchObject({ code: "ENOSPC", syscall: "fsync" });
    refusing.writes = undefined;
    await writer.sync();
    await expect(reader.sync()).rejects.toMatchObject({ code: "ENOSPC" });
    await reader.sync();
    const later = await volume.openNode(node, openFlags.O_RDWR, callAs(alice));
    await later.flush();
    for (const handle of [writer, reader, later]) await handle.release();
    await volume.close();
  });

  it("[S5.8] [G10] tells the next opener of a failure that nobody has heard of", async () => {
    const { volume, refusing } = await refusingVolume();
    const node = await volume.lookup(volume.root, "file", callAs(alice));
    const writer = await volume.openNode(node, openFlags.O_RDWR, callAs(alice));
    expect(writer.tryWrite(0, text)).toBe(5);
    await writer.release();
    refusing.writes = "ENOSPC";
    const other = await volume.openNode(node, openFlags.O_RDWR, callAs(alice));
    await expect(other.flush()).rejects.toMatchObject({ code: "ENOSPC" });
    await other.release();
    refusing.writes = undefined;
    const last = await volume.openNode(node, openFlags.O_RDONLY, callAs(alice));
    await last.flush();
    await last.release();
    await volume.close();
  });

  it("[G15] keeps the right to write until bytes that a closed handle left are taken, and then gives it back", async () => {
    const { volume, refusing, other } = await refusingVolume();
    const node = await volume.lookup(volume.root, "file", callAs(alice));
    const writer = await volume.openNode(node, openFlags.O_WRONLY, callAs(alice));
    expect(writer.tryWrite(0, text)).toBe(5);
    await volume.setAttributes(node, { mode: 0o400 }, callAs(alice)).catch(() => undefined);
    expect(writer.tryWrite(0, new TextEncoder().encode("other"))).toBe(5);
    await writer.release();
    expect(await contentAt(other, "/file")).toBe("words");
    refusing.writes = undefined;
    await volume.sync();
    expect(await contentAt(other, "/file")).toBe("other");
    await volume.close();
    expect(volume.snapshot().cache).toMatchObject({ openSpaces: 0, dirtyBytes: 0, frameBytes: 0 });
  });

  it("[S5.11] a closing volume says which files it could not deliver, and still gives everything back", async () => {
    const { volume, refusing } = await refusingVolume();
    const file = await volume.open("/file", "r+", { credential: alice });
    await file.write("words");
    refusing.writes = "ENOSPC";
    await expect(volume.close()).rejects.toThrow(/ENOSPC.*not delivered: \/file/);
    expect(volume.snapshot()).toMatchObject({ openFiles: [], dirtyFiles: [], cache: { openSpaces: 0, dirtyBytes: 0 } });
    await expect(volume.open("/file", "r")).rejects.toMatchObject({ code: "ENOTCONN" });
  });

  it("[S5.13] [G12] fsync fails when the store cannot make the bytes durable", async () => {
    const { volume, refusing } = await refusingVolume("volatile");
    const file = await volume.open("/file", "r+", { credential: alice });
    await file.write("words");
    refusing.commits = "EIO";
    await expect(file.sync()).rejects.toMatchObject({ code: "EIO", syscall: "fsync" });
    refusing.commits = undefined;
    await file.sync();
    await file.close();
    await volume.close();
  });
});

describe("durability", () => {
  it("[S5.13] [G12] bytes that fsync acknowledged survive a crash of the server; others need not", async () => {
    await using place = await memoryVolume({ store: { durability: "volatile" } });
    const { volume, server, other } = place;
    const synced = await volume.open("/synced", "w", { credential: alice });
    await synced.write("kept");
    await synced.sync();
    const closed = await volume.open("/closed", "w", { credential: alice });
    await closed.write("sent");
    await closed.close();
    expect(await contentAt(other, "/closed")).toBe("sent");
    server.crash();
    expect(await contentAt(other, "/synced")).toBe("kept");
    expect(await contentAt(other, "/closed")).toBe("");
    await synced.close();
  });

  it("a file that another client removed after its bytes were taken keeps nobody from closing the volume", async () => {
    await using place = await memoryVolume({ store: { durability: "volatile", reportsChanges: false } });
    const { volume, other } = place;
    await volume.promises.writeFile("/taken", "taken");
    const held = await volume.open("/held", "w", { credential: alice });
    await held.write("sent by sync");
    const asRoot = callAs(superuser);
    const { node } = await other.root(asRoot);
    await other.remove(node, "taken", asRoot);
    await volume.sync();
    await held.close();
    await volume.close();
  });

  it("[S5.13] [G12] fsync covers what was written and closed before, although the node was dropped since", async () => {
    await using place = await memoryVolume({ store: { durability: "volatile" }, volume: { idleNodesMax: 2 } });
    const { volume, server, other } = place;
    await volume.promises.writeFile("/first", "sent");
    for (let number = 0; number < 20; number += 1) await volume.promises.writeFile(`/${number}`, "more");
    expect(volume.snapshot().nodeCount).toBeLessThan(10);
    const again = await volume.open("/first", "r+");
    await again.sync();
    server.crash();
    expect(await contentAt(other, "/first")).toBe("sent");
    await again.close();
  });

  it("[S5.13] [G12] a volume's sync covers files that were closed, and would have been forgotten since", async () => {
    await using place = await memoryVolume({ store: { durability: "volatile" }, volume: { idleNodesMax: 2 } });
    const { volume, server, other } = place;
    for (let number = 0; number < 30; number += 1) await volume.promises.writeFile(`/${number}`, "sent");
    await volume.sync();
    server.crash();
    for (let number = 0; number < 30; number += 1) expect(await contentAt(other, `/${number}`)).toBe("sent");
    expect(volume.snapshot().nodeCount).toBeLessThan(20);
  });

  it("[S5.8] a failure that nobody has heard of outlasts the time when its file would have been forgotten", async () => {
    const refusing = new RefusingStore();
    refusing.commits = "EIO";
    const wrap = (store: Store): Store => refusing.wrap(store);
    const options = { store: { durability: "volatile" }, volume: { idleNodesMax: 2 }, wrap } as const;
    await using place = await memoryVolume(options);
    const { volume } = place;
    const told = new Promise((resolve) => volume.events.on("writebackFailed", resolve));
    for (let number = 0; number < 30; number += 1) await volume.promises.writeFile(`/${number}`, "sent");
    await told;
    refusing.commits = undefined;
    let heard = 0;
    for (let number = 0; number < 30; number += 1) {
      await using file = await volume.open(`/${number}`, "r+");
      await file.sync().catch((failure: Failure) => {
        expect(failure.code).toBe("EIO");
        heard += 1;
      });
    }
    expect(heard).toBeGreaterThan(0);
  });

  it("[S5.15] each failed write and each failed commit is one event, with node, range, credential and failure", async () => {
    const { volume, refusing } = await refusingVolume("volatile");
    const events: WritebackFailed[] = [];
    volume.events.on("writebackFailed", (event) => events.push(event));
    const node = await volume.lookup(volume.root, "file", callAs(alice));
    const writer = await volume.openNode(node, openFlags.O_RDWR, callAs(alice));
    expect(writer.tryWrite(7, text)).toBe(5);
    const common = { node, credential: alice };
    refusing.writes = "EDQUOT";
    await expect(writer.sync()).rejects.toMatchObject({ code: "EDQUOT" });
    expect(events).toMatchObject([
      { ...common, ranges: [{ start: 7, end: 12 }], operation: "write", failure: { code: "EDQUOT" } },
    ]);
    refusing.writes = undefined;
    refusing.commits = "EIO";
    await expect(writer.sync()).rejects.toMatchObject({ code: "EIO" });
    expect(events.slice(1)).toMatchObject([
      { ...common, ranges: [{ start: 0, end: 12 }], operation: "commit", failure: { code: "EIO" } },
    ]);
    refusing.commits = undefined;
    await writer.sync();
    await writer.release();
    await volume.close();
    expect(events).toHaveLength(2);
  });
});
