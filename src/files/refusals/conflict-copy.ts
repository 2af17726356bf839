/**
 * Keep both (S5.4): bytes that met another version of their file go to a copy beside it, in the name of whoever wrote them.
 * The copy is the file as the writer had it, where all of that is still cached. Otherwise it is what overwriting would have
 * made of the file: the content that the store has now, and over it the bytes. It is written straight to the store, for the
 * cached file waits for it. A copy that cannot be finished is taken away again, and the bytes go to rescue instead.
 */
import { type CancelSignal, encodeFileName, Failure, failureFrom } from "../../base/index.ts";
import type { ConflictCopy, OwnVersion } from "../../cache/index.ts";
import {
  type Call,
  type NodeId,
  type RefusedBytes,
  readAccess,
  type Store,
  type StoreEntry,
  writeAccess,
} from "../../port/index.ts";
import { pathOf } from "../names/path-of.ts";
import type { VolumeNode } from "../nodes/volume-node.ts";
import { entriesChanged } from "../store-changes.ts";
import { callOf, type VolumeCore } from "../volume-core.ts";

const copyBytes = 1024 * 1024;
/** So many copies a day of one user's, of one file, have names. */
const namesMax = 1000;

/** Writes the copy durably. Rejects with what the store refused it with. */
export async function writeConflictCopy(
  core: VolumeCore,
  node: VolumeNode,
  refused: RefusedBytes,
  own: OwnVersion,
  signal: CancelSignal,
): Promise<ConflictCopy> {
  const { parent, name } = node;
  if (parent === undefined || node.removed || node.nameless) {
    throw new Failure("ENOENT", {
      syscall: "open",
      path: node.path,
      detail: "the file has no name to put a copy beside",
    });
  }
  const { store } = core;
  const call = callOf(refused.credential, signal);
  const { copy, copyName } = await createBeside(store, parent.id, name, node.attributes.mode & 0o777, refused, call);
  let isOwnVersion: boolean;
  try {
    isOwnVersion = await fill(store, copy.node, refused, own, call);
    await store.commit(copy.node, call);
  } catch (thrown) {
    await store.remove(parent.id, copyName, callOf(refused.credential)).catch(() => undefined);
    throw failureFrom(thrown, { syscall: "write", path: copyName });
  } finally {
    entriesChanged(core, parent);
  }
  return { path: pathOf(parent.path, copyName), isOwnVersion };
}

async function createBeside(
  store: Store,
  parent: NodeId,
  name: string,
  mode: number,
  refused: RefusedBytes,
  call: Call,
): Promise<{ copy: StoreEntry; copyName: string }> {
  for (let count = 1; count <= namesMax; count++) {
    const copyName = conflictName(name, refused, count, store.manifest.nameBytesMax);
    try {
      return { copy: await store.createFile(parent, copyName, mode, call), copyName };
    } catch (thrown) {
      const failure = failureFrom(thrown, { syscall: "open", path: copyName });
      if (failure.code !== "EEXIST") throw failure;
    }
  }
  throw new Failure("EEXIST", { syscall: "open", path: name, detail: `${namesMax} conflict copies are there already` });
}

/** As in `report (conflict 2026-11-21 uid 1000).odt`; a name too long for the store loses from its middle. */
export function conflictName(
  name: string,
  { credential, refusedAtNs }: Pick<RefusedBytes, "credential" | "refusedAtNs">,
  count: number,
  nameBytesMax: number,
): string {
  const day = new Date(Number(refusedAtNs / 1_000_000n)).toISOString().slice(0, 10);
  const mark = ` (conflict ${day} uid ${credential.uid}${count === 1 ? "" : ` ${count}`})`;
  const dot = name.lastIndexOf(".");
  let stem = dot > 0 ? name.slice(0, dot) : name;
  let extension = dot > 0 ? name.slice(dot) : "";
  if (encodeFileName(extension + mark).length >= nameBytesMax) extension = "";
  while (stem !== "" && encodeFileName(stem + mark + extension).length > nameBytesMax) stem = withoutLast(stem);
  return stem + mark + extension;
}

/** Without its last character, which may be two of a string's units. */
function withoutLast(text: string): string {
  return [...text].slice(0, -1).join("");
}

/** Answers whether the copy is the writer's own version. */
async function fill(store: Store, copy: NodeId, refused: RefusedBytes, own: OwnVersion, call: Call): Promise<boolean> {
  const { readBytesMax, writeBytesMax } = store.manifest;
  const buffer = new Uint8Array(Math.min(copyBytes, readBytesMax, writeBytesMax));
  await store.hold(copy, writeAccess, call);
  try {
    // Cached or not, a copy is for those who may read the file.
    await store.hold(refused.node, readAccess, call);
    try {
      if (await copyOwnVersion(store, own, copy, buffer, call)) return true;
      await store.setAttributes(copy, { size: 0 }, call);
      await copyContent(store, refused.node, copy, buffer, call);
    } finally {
      await store.release(refused.node, readAccess, call);
    }
    await copyRefused(store, refused, copy, buffer, call);
    return false;
  } finally {
    await store.release(copy, writeAccess, call);
  }
}

/** False when some of it has left the cache; the copy then has its beginning. */
async function copyOwnVersion(
  store: Store,
  own: OwnVersion,
  to: NodeId,
  buffer: Uint8Array,
  call: Call,
): Promise<boolean> {
  const { size } = own;
  for (let at = 0; at < size; ) {
    const piece = buffer.subarray(0, Math.min(buffer.length, size - at));
    if (!own.copyTo(at, piece)) return false;
    await writeAll(store, to, at, piece, call);
    at += piece.length;
  }
  return true;
}

/** Never from the frames themselves: a store that is given up goes on reading what it was given, and they are used again. */
async function copyRefused(
  store: Store,
  { ranges }: RefusedBytes,
  to: NodeId,
  buffer: Uint8Array,
  call: Call,
): Promise<void> {
  for (const { offset, frames } of ranges) {
    let at = offset as number;
    for (const frame of frames) {
      for (let done = 0; done < frame.length; ) {
        const piece = buffer.subarray(0, Math.min(buffer.length, frame.length - done));
        piece.set(frame.subarray(done, done + piece.length));
        await writeAll(store, to, at, piece, call);
        at += piece.length;
        done += piece.length;
      }
    }
  }
}

/** What the file is now; holes become zeros. */
async function copyContent(store: Store, from: NodeId, to: NodeId, buffer: Uint8Array, call: Call): Promise<void> {
  for (let at = 0; ; ) {
    const { byteCount } = await store.read(from, at, [buffer], call);
    await writeAll(store, to, at, buffer.subarray(0, byteCount), call);
    at += byteCount;
    if (byteCount < buffer.length) return;
  }
}

async function writeAll(store: Store, node: NodeId, offset: number, bytes: Uint8Array, call: Call): Promise<void> {
  const { writeBytesMax } = store.manifest;
  for (let done = 0; done < bytes.length; ) {
    const piece = bytes.subarray(done, done + writeBytesMax);
    const { byteCount } = await store.write(node, offset + done, [piece], undefined, call);
    if (byteCount < 1 || byteCount > piece.length) {
      throw new Failure("EIO", { syscall: "write", detail: `the store took ${byteCount} of ${piece.length} bytes` });
    }
    done += byteCount;
  }
}
