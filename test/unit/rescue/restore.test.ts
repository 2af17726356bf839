/** Bringing rescued bytes back: compared with the store, written conditionally, in somebody's name, perhaps refused again. */
import { mkdir, rename, rm } from "node:fs/promises";
import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { type Attributes, posixCredential, type Store, superuser } from "../../../src/port/index.ts";
import { type Rescue, RestoreRefused } from "../../../src/rescue/index.ts";
import { MemoryServer, type MemoryStoreOptions, memoryStore } from "../../../src/stores/memory/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { hookedStore, withMembers } from "../../kit/hooked-store.ts";
import { alice, bob, contentAt, nodeAt, rewriteAt } from "../../kit/memory-volume.ts";
import { keep, type RescueStage, refusedText, rescueStage } from "../../kit/rescue-stage.ts";

const asAlice = callAs(alice);
const asSuperuser = callAs(superuser);

interface Scene extends AsyncDisposable {
  readonly stage: RescueStage;
  readonly rescue: Rescue;
  readonly server: MemoryServer;
  readonly store: Store;
  readonly node: string;
  /** The file's attributes when alice's bytes were written. */
  readonly base: Attributes;
}

/** A server with alice's /letter.txt, "what the store has", and a rescue directory. */
async function scene(options: MemoryStoreOptions = {}): Promise<Scene> {
  const stage = await rescueStage();
  const server = new MemoryServer({ rootMode: 0o777 });
  const store = memoryStore(server, options);
  const { node: root } = await store.root(asAlice);
  const { node } = await store.createFile(root, "letter.txt", 0o644, asAlice);
  const { attributes } = await store.write(node, 0, [Buffer.from("what the store has")], undefined, asAlice);
  const rescue = await stage.open();
  const dispose = () => stage[Symbol.asyncDispose]();
  return { stage, rescue, server, store, node, base: attributes, [Symbol.asyncDispose]: dispose };
}

function keepOf(
  { rescue, node, base }: Scene,
  ranges: Record<number, string>,
  changes: Parameters<typeof refusedText>[1] = {},
) {
  return keep(rescue, refusedText(ranges, { node, path: "/letter.txt", baseVersion: base.version, ...changes }));
}

it("[S5.3] diff tells same, different, beyond the end and missing, range by range", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "what", 5: "THE st", 15: "has more", 100: "far away" });
  const comparison = await at.rescue.diff(id, at.store);
  expect(comparison).toEqual({
    id,
    isSame: false,
    file: { path: "/letter.txt", node: at.node, version: at.base.version, size: 18, isOriginal: true, isAtBase: true },
    ranges: [
      { offset: 0, byteCount: 4, verdict: "same", differingBytes: 0, firstDifference: undefined },
      { offset: 5, byteCount: 6, verdict: "different", differingBytes: 3, firstDifference: 5 },
      { offset: 15, byteCount: 8, verdict: "different", differingBytes: 5, firstDifference: 18 },
      { offset: 100, byteCount: 8, verdict: "beyondEnd", differingBytes: 8, firstDifference: 100 },
    ],
  });
  const same = await keepOf(at, { 5: "the store" });
  expect(await at.rescue.diff(same, at.store)).toMatchObject({ isSame: true });
});

it("[S5.3] diff reads in the name of whoever wrote the bytes, or of somebody else", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "what" });
  await at.store.setAttributes(at.node, { mode: 0o200 }, asAlice);
  await expect(at.rescue.diff(id, at.store)).rejects.toMatchObject({ code: "EACCES" });
  expect(await at.rescue.diff(id, at.store, { credential: superuser })).toMatchObject({ isSame: true });
});

it("[S5.3] diff and restore cross the pieces in which bytes are read and written", async () => {
  await using at = await scene({ writeBytesMax: 300_000 });
  const text = "0123456789abcdef".repeat(170_000);
  const id = await keepOf(at, { 5: text });
  expect(await at.rescue.diff(id, at.store)).toMatchObject({ ranges: [{ verdict: "different" }] });
  expect(await at.rescue.restore(id, at.store)).toMatchObject({ byteCount: text.length, isNew: false });
  expect(await contentAt(at.store, "/letter.txt")).toBe(`what ${text}`);
  expect(await at.rescue.diff(id, at.store)).toMatchObject({ isSame: true });
});

it("[S5.3] restores every range durably, in the writer's name, and marks the entry", async () => {
  await using at = await scene({ durability: "volatile" });
  const id = await keepOf(at, { 0: "WHAT", 9: "STORE" });
  const names: string[] = [];
  const store = watched(at.store, (name, call) => {
    names.push(name);
    expect(call.credential).toMatchObject({ uid: 1000, gid: 1000 });
  });
  const result = await at.rescue.restore(id, store);
  expect(result).toMatchObject({ id, path: "/letter.txt", node: at.node, byteCount: 9, isNew: false, entry: "marked" });
  expect(names).toEqual(["hold", "write", "write", "commit", "release"]);
  at.server.crash();
  expect(await contentAt(at.store, "/letter.txt")).toBe("WHAT the STORE has");
  const entry = await at.rescue.show(id);
  expect(entry).toMatchObject({
    state: "whole",
    restored: { complete: true, path: "/letter.txt", byteCount: 9, credentialId: alice.id, version: result.version },
  });
  expect(await at.rescue.restore(id, at.store, { discard: true })).toMatchObject({ entry: "discarded" });
  expect(await at.rescue.list()).toEqual([]);
});

it("[S5.3] a restore may be refused: the entry stays as it was", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "WHAT" });
  await at.store.setAttributes(at.node, { mode: 0o444 }, asSuperuser);
  const refused = at.rescue.restore(id, at.store, { discard: true });
  await expect(refused).rejects.toMatchObject({ code: "EACCES", path: "/letter.txt" });
  await expect(refused).rejects.toBeInstanceOf(RestoreRefused);
  expect(await at.rescue.show(id)).toMatchObject({ state: "whole", restored: undefined });
  expect(await contentAt(at.store, "/letter.txt")).toBe("what the store has");
  expect(await at.rescue.restore(id, at.store, { credential: superuser })).toMatchObject({ byteCount: 4 });
  expect(await contentAt(at.store, "/letter.txt")).toBe("WHAT the store has");
});

it("[S5.3] a file that others changed is left alone unless it is to be overwritten", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "WHAT" });
  await rewriteAt(memoryStore(at.server), "/letter.txt", "another's words, later");
  expect(await at.rescue.diff(id, at.store)).toMatchObject({ file: { isOriginal: true, isAtBase: false } });
  const changed = { code: "ESTALE", message: expect.stringContaining("changed by others") };
  await expect(at.rescue.restore(id, at.store)).rejects.toMatchObject(changed);
  expect(await contentAt(at.store, "/letter.txt")).toBe("another's words, later");
  expect(await at.rescue.restore(id, at.store, { overwrite: true, credential: superuser })).toMatchObject({
    byteCount: 4,
  });
  expect(await contentAt(at.store, "/letter.txt")).toBe("WHATher's words, later");
});

it.each(["permission", "conflict"] as const)(
  "[S5.4] the version found at the refusal is written on only where that was no conflict: %s",
  async (refusalClass) => {
    await using at = await scene();
    const { attributes } = await at.store.write(at.node, 5, [Buffer.from("THE")], undefined, asAlice);
    const id = await keepOf(at, { 0: "WHAT" }, { foundVersion: attributes.version, refusalClass });
    const restoring = at.rescue.restore(id, at.store);
    if (refusalClass === "conflict") await expect(restoring).rejects.toMatchObject({ code: "ESTALE" });
    else await expect(restoring).resolves.toMatchObject({ byteCount: 4 });
  },
);

it("[S5.3] a change that slips in between two writes of a restore is not written over", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "WHAT", 9: "STORE" });
  let writeCount = 0;
  const store = watched(at.store, async (name) => {
    if (name !== "write") return;
    writeCount++;
    if (writeCount === 2)
      await memoryStore(at.server).write(at.node, 9, [Buffer.from("other")], undefined, asSuperuser);
  });
  await expect(at.rescue.restore(id, store)).rejects.toMatchObject({
    code: "ESTALE",
    message: expect.stringContaining("after 4 bytes were restored"),
  });
  expect(await contentAt(at.store, "/letter.txt")).toBe("WHAT the other has");
  expect(await at.rescue.show(id)).toMatchObject({ restored: { complete: false, byteCount: 4 } });
  // Others' bytes are in the file now, so the next attempt asks first, too.
  await expect(at.rescue.restore(id, at.store)).rejects.toMatchObject({ code: "ESTALE" });
});

it("[S5.3] a restore that was refused half way goes on where only it has changed the file", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "WHAT", 9: "STORE" });
  let writeCount = 0;
  const full = watched(at.store, (name) => {
    if (name === "write" && ++writeCount === 2) throw new Failure("EDQUOT", { syscall: "write" });
  });
  await expect(at.rescue.restore(id, full)).rejects.toMatchObject({ code: "EDQUOT" });
  expect(await contentAt(at.store, "/letter.txt")).toBe("WHAT the store has");
  expect(await at.rescue.restore(id, at.store)).toMatchObject({ byteCount: 9 });
  expect(await contentAt(at.store, "/letter.txt")).toBe("WHAT the STORE has");
});

it("[S5.3] a restore that found no room, and whose try stamped the file, takes that version for its own", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "WHAT" });
  const full = watched(at.store, async (name) => {
    if (name !== "write") return;
    // The same bytes under another version: what ext4 makes of a file when it finds no room.
    await at.store.write(at.node, 0, [Buffer.from("what")], undefined, asAlice);
    throw new Failure("ENOSPC", { syscall: "write" });
  });
  await expect(at.rescue.restore(id, full)).rejects.toMatchObject({ code: "ENOSPC" });
  expect((await at.store.getAttributes(at.node, asAlice)).version).not.toBe(at.base.version);
  expect(await at.rescue.show(id)).toMatchObject({ restored: { complete: false, byteCount: 0 } });
  expect(await at.rescue.fateOf(id)).toBe("kept");
  expect(await at.rescue.restore(id, at.store)).toMatchObject({ byteCount: 4 });
  expect(await contentAt(at.store, "/letter.txt")).toBe("WHAT the store has");
});

it("[S5.3] a restore that found no room does not take another's change for its own", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "WHAT" });
  const full = watched(at.store, async (name) => {
    if (name !== "write") return;
    await rewriteAt(memoryStore(at.server), "/letter.txt", "another's words, later");
    throw new Failure("ENOSPC", { syscall: "write" });
  });
  await expect(at.rescue.restore(id, full)).rejects.toMatchObject({ code: "ENOSPC" });
  await expect(at.rescue.restore(id, at.store)).rejects.toMatchObject({ code: "ESTALE" });
});

it("[S5.3] bytes that the store took but could not make durable are not called restored", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "WHAT" });
  const store = watched(at.store, (name) => {
    if (name === "commit") throw new Failure("EIO", { syscall: "fsync" });
  });
  await expect(at.rescue.restore(id, store, { discard: true })).rejects.toMatchObject({ code: "EIO" });
  expect(await at.rescue.show(id)).toMatchObject({ restored: { complete: false, byteCount: 4 } });
});

it("[S5.3] short writes are continued; a write of nothing, or of more than was sent, is an error", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "WHAT THE STORE" });
  const answering = (byteCount: (sent: number) => number): Store =>
    withMembers(at.store, {
      write: async (node, offset, frames, expected, call) => {
        const count = byteCount(frames[0]?.length ?? 0);
        if (count === 0) {
          const found = await at.store.getAttributes(node, asAlice);
          return { byteCount: 0, attributes: { ...found, previous: found.version } };
        }
        const part = frames[0]?.subarray(0, count) ?? new Uint8Array(0);
        const { attributes } = await at.store.write(node, offset, [part], expected, call);
        return { byteCount: count, attributes };
      },
    });
  await expect(
    at.rescue.restore(
      id,
      answering(() => 0),
    ),
  ).rejects.toMatchObject({ code: "EIO" });
  expect(
    await at.rescue.restore(
      id,
      answering((sent) => Math.ceil(sent / 2)),
    ),
  ).toMatchObject({ byteCount: 14 });
  expect(await contentAt(at.store, "/letter.txt")).toBe("WHAT THE STORE has");
  await expect(
    at.rescue.restore(
      id,
      answering((sent) => sent + 1),
    ),
  ).rejects.toMatchObject({ code: "EIO" });
});

it("[S5.3] a deleted file is missing; its bytes go to a new file when that is asked for, never over one that is there", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 2: "rescued" });
  const { node: root } = await at.store.root(asAlice);
  await at.store.remove(root, "letter.txt", asAlice);
  expect(await at.rescue.diff(id, at.store)).toMatchObject({ file: undefined, ranges: [{ verdict: "missing" }] });
  const gone = { code: "ENOENT", message: expect.stringContaining("can be restored to another path") };
  await expect(at.rescue.restore(id, at.store)).rejects.toMatchObject(gone);
  await expect(at.rescue.restore(id, at.store, { path: "/none/letter.txt" })).rejects.toMatchObject({ code: "ENOENT" });
  await expect(at.rescue.restore(id, at.store, { path: "/../letter.txt" })).rejects.toMatchObject({ code: "EINVAL" });
  await expect(at.rescue.restore(id, at.store, { path: "/" })).rejects.toMatchObject({ code: "EISDIR" });
  const made = await at.rescue.restore(id, at.store, { path: "/letter.txt" });
  expect(made).toMatchObject({ path: "/letter.txt", isNew: true, byteCount: 7 });
  expect(await contentAt(at.store, "/letter.txt")).toBe("\0\0rescued");
  const { mode, uid } = await at.store.getAttributes(made.node, asAlice);
  expect({ mode, uid }).toEqual({ mode: 0o600, uid: 1000 });
  const { node } = await at.store.createFile(root, "other", 0o666, asAlice);
  await expect(at.rescue.restore(id, at.store, { path: "/other" })).rejects.toMatchObject({ code: "EEXIST" });
  expect((await at.store.getAttributes(node, asAlice)).size).toBe(0);
  expect(await at.rescue.restore(id, at.store, { path: "/other", overwrite: true })).toMatchObject({ isNew: false });
});

it("[S5.3] a new file that could not be filled is filled by the next attempt", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "rescued" });
  const full = watched(at.store, (name) => {
    if (name === "write") throw new Failure("ENOSPC", { syscall: "write" });
  });
  await expect(at.rescue.restore(id, full, { path: "/new" })).rejects.toMatchObject({ code: "ENOSPC" });
  expect(await at.rescue.restore(id, at.store, { path: "/new" })).toMatchObject({ byteCount: 7 });
  expect(await contentAt(at.store, "/new")).toBe("rescued");
});

it("[S5.3] a file that was renamed is found; another one at its path is not taken for it", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "WHAT" });
  const { node: root } = await at.store.root(asAlice);
  await at.store.rename(root, "letter.txt", root, "renamed.txt", "replace", asAlice);
  const { node } = await at.store.createFile(root, "letter.txt", 0o644, asAlice);
  expect(await at.rescue.restore(id, at.store)).toMatchObject({ node: at.node });
  expect(await contentAt(at.store, "/renamed.txt")).toBe("WHAT the store has");
  await at.store.remove(root, "renamed.txt", asAlice);
  expect(await at.rescue.diff(id, at.store)).toMatchObject({ file: { node, isOriginal: false, isAtBase: false } });
  const another = { code: "ESTALE", message: expect.stringContaining("another file has this path") };
  await expect(at.rescue.restore(id, at.store)).rejects.toMatchObject(another);
  expect(await nodeAt(at.store, "/letter.txt")).toBe(node);
});

it("[S5.3] what is no file any more is neither compared nor written", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "WHAT" });
  const { node: root } = await at.store.root(asAlice);
  await at.store.remove(root, "letter.txt", asAlice);
  await at.store.makeDirectory(root, "letter.txt", 0o777, asAlice);
  await expect(at.rescue.diff(id, at.store)).rejects.toMatchObject({ code: "EISDIR" });
  await expect(at.rescue.restore(id, at.store, { overwrite: true })).rejects.toMatchObject({ code: "EISDIR" });
});

it("[S5.3] somebody without the right is refused, whoever asks", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "WHAT" });
  await expect(at.rescue.restore(id, at.store, { credential: bob })).rejects.toMatchObject({ code: "EACCES" });
  const stranger = posixCredential(4242, 4242);
  await expect(at.rescue.restore(id, at.store, { credential: stranger })).rejects.toMatchObject({ code: "EACCES" });
});

it("[S5.3] one process at a time restores or discards an entry", async () => {
  await using at = await scene();
  const id = await keepOf(at, { 0: "WHAT" });
  const other = await at.stage.open();
  const busy = { code: "EBUSY", message: expect.stringContaining("by another process") };
  const store = watched(at.store, async (name) => {
    if (name !== "write") return;
    await expect(other.restore(id, at.store)).rejects.toMatchObject(busy);
    await expect(other.discard(id)).rejects.toMatchObject(busy);
  });
  expect(await at.rescue.restore(id, store)).toMatchObject({ byteCount: 4 });
  await other.discard(id);
  await expect(at.rescue.restore(id, at.store)).rejects.toMatchObject({ code: "ENOENT" });
});

it("[S5.3] tells what became of an entry, and does not take another directory's word for it", async () => {
  await using at = await scene();
  const [whole, half, gone] = [
    await keepOf(at, { 0: "WHAT" }),
    await keepOf(at, { 0: "W", 5: "T" }),
    await keepOf(at, { 9: "x" }),
  ];
  expect(await at.rescue.fateOf(whole)).toBe("kept");
  await at.rescue.restore(whole, at.store);
  expect(await at.rescue.fateOf(whole)).toBe("restored");
  let writes = 0;
  const full = watched(at.store, (name) => {
    if (name === "write" && ++writes > 1) throw new Failure("ENOSPC", { syscall: "write" });
  });
  await expect(at.rescue.restore(half, full, { overwrite: true })).rejects.toMatchObject({ code: "ENOSPC" });
  expect(await at.rescue.fateOf(half)).toBe("partlyRestored");
  await at.rescue.discard(gone);
  expect(await at.rescue.fateOf(gone)).toBe("gone");
  await rename(at.stage.directory, `${at.stage.directory}-away`);
  try {
    await mkdir(at.stage.directory, { mode: 0o700 });
    await expect(at.rescue.fateOf(gone)).rejects.toMatchObject({ code: "ESTALE" });
    await rm(at.stage.directory, { recursive: true });
    await expect(at.rescue.fateOf(gone)).rejects.toMatchObject({ code: "ENOENT" });
  } finally {
    await rename(`${at.stage.directory}-away`, at.stage.directory);
  }
});

type Watched = "hold" | "write" | "commit" | "release";

/** A store that shows what it is asked; what `watch` throws, it answers. */
function watched(store: Store, watch: (name: Watched, call: { credential: object }) => unknown): Store {
  const seen =
    (name: Watched) =>
    async (run: () => Promise<unknown>, ...parameters: unknown[]): Promise<unknown> => {
      await watch(name, parameters.at(-1) as { credential: object });
      return run();
    };
  return hookedStore(store, {
    hold: seen("hold"),
    write: seen("write"),
    commit: seen("commit"),
    release: seen("release"),
  });
}
