/**
 * Restoring an entry (S5.3): the bytes are written to the store again, in the name of whoever wrote them or somebody else.
 * That is a write like any other: it may be refused, and then the entry stays as it was. Without `overwrite` nothing of
 * another's is written over: every write expects the version that the write before it made, and the first one
 *
 *   the base version    the file is as it was when the bytes were written
 *   the found version   it is as it was when they were refused; not after a conflict, for then others' bytes are in it
 *   the marked version  it is as an earlier restore left it: of this entry, refused half way, or of the one before it
 *
 * The damaged are not restored: every check sum is looked at before the first byte is written.
 */
import { assert, type ByteCount, Failure, failureFrom } from "../base/index.ts";
import type { Attributes, Call, NodeId, Store, Version } from "../port/index.ts";
import { type RescuedPiece, verifyBytes } from "./entry-bytes.ts";
import type { RescueManifest } from "./manifest.ts";
import { fileAt, findRescuedFile, namesOf } from "./rescued-file.ts";
import type { RestoredMark } from "./restored-mark.ts";

/** Of a file that a restore makes: nobody knows what the lost one had. */
const newFileMode = 0o600;
const writing = { read: false, write: true, execute: false };

/** All bytes of an entry, from the first on whenever they are asked for; EBADMSG at the end of a range that is damaged. */
export type EntryReader = () => AsyncIterable<Pick<RescuedPiece, "offset" | "bytes">>;

/** What is to be written to. */
export interface RestoreGoal {
  /** Another file than the one that the bytes were written to; made when it is missing. */
  readonly path: string | undefined;
  /** Whether the bytes are written although others changed the file, or it is another one. */
  readonly overwrite: boolean;
}

interface Target {
  readonly node: NodeId;
  readonly path: string;
  readonly version: Version;
  readonly size: ByteCount;
  readonly isNew: boolean;
}

/** How far a restore came. */
export type RestoreProgress = Omit<RestoredMark, "complete" | "restoredAt" | "credentialId"> & {
  readonly isNew: boolean;
  /** Whether the file is at another version than before by the restore's doing. */
  readonly hasChanged: boolean;
};

interface Restoring extends Target {
  version: Version;
  size: ByteCount;
  byteCount: ByteCount;
}

/** A refused restore, and how far it came. */
export class RestoreRefused extends Failure {
  readonly progress: RestoreProgress;

  constructor(failure: Failure, progress: RestoreProgress) {
    const { byteCount, path } = progress;
    const said = [byteCount === 0 ? undefined : `after ${byteCount} bytes were restored`, failure.detail];
    const detail = said.filter((part) => part !== undefined).join(": ");
    super(failure.code, { syscall: "restore", path, cause: failure, ...(detail === "" ? {} : { detail }) });
    this.progress = progress;
  }
}

/** Writes all bytes of an entry and makes them durable. */
export async function restoreEntry(
  read: EntryReader,
  manifest: RescueManifest,
  mark: RestoredMark | undefined,
  store: Store,
  goal: RestoreGoal,
  call: Call,
): Promise<RestoreProgress> {
  await verifyBytes(read());
  const target =
    goal.path === undefined
      ? await originalTarget(store, manifest, mark, goal, call)
      : await namedTarget(store, manifest, mark, goal.path, goal.overwrite, call);
  const restoring: Restoring = { ...target, byteCount: 0 };
  const progress = (): RestoreProgress => {
    const { node, path, version, byteCount, isNew } = restoring;
    return { node, path, version, byteCount, isNew, hasChanged: isNew || byteCount > 0 || version !== target.version };
  };
  try {
    await store.hold(target.node, writing, call);
    try {
      await writePieces(read, store, goal.overwrite, restoring, call);
      await store.commit(target.node, call);
    } finally {
      await store.release(target.node, writing, call);
    }
  } catch (thrown) {
    const failure = failureFrom(thrown);
    if (failure.code === "ENOSPC" || failure.code === "EDQUOT") await takeStamp(store, restoring, call);
    throw new RestoreRefused(failure, progress());
  }
  return progress();
}

/**
 * A store that finds no room may have stamped the file before it said so (ext4 does): that version is the restore's own, or the
 * next try would take the restore for a stranger. Who else changes the file in just this moment, and leaves its size, is not told
 * from that.
 */
async function takeStamp(store: Store, restoring: Restoring, call: Call): Promise<void> {
  const now = await store.getAttributes(restoring.node, call).catch(() => undefined);
  if (now?.size === restoring.size) restoring.version = now.version;
}

async function writePieces(
  read: EntryReader,
  store: Store,
  overwrite: boolean,
  restoring: Restoring,
  call: Call,
): Promise<void> {
  const { writeBytesMax } = store.manifest;
  for await (const { offset, bytes } of read()) {
    for (let done = 0; done < bytes.length; ) {
      const piece = bytes.subarray(done, done + writeBytesMax);
      const expected = overwrite ? undefined : restoring.version;
      const { byteCount, attributes } = await store.write(restoring.node, offset + done, [piece], expected, call);
      if (byteCount < 1 || byteCount > piece.length) {
        throw new Failure("EIO", { syscall: "write", detail: `the store took ${byteCount} of ${piece.length} bytes` });
      }
      done += byteCount;
      restoring.byteCount += byteCount;
      restoring.version = attributes.version;
      restoring.size = attributes.size;
    }
  }
}

async function originalTarget(
  store: Store,
  manifest: RescueManifest,
  mark: RestoredMark | undefined,
  { overwrite }: RestoreGoal,
  call: Call,
): Promise<Target> {
  const { path } = manifest;
  const file = await findRescuedFile(store, manifest, call);
  if (file === undefined) {
    throw refused("ENOENT", path, "the file is gone from the store; its bytes can be restored to another path");
  }
  requireFile(file.attributes, path);
  if (!overwrite && !file.isOriginal) {
    throw refused("ESTALE", path, "another file has this path now; look at the difference, then overwrite it");
  }
  const { version, size } = file.attributes;
  if (!overwrite && !mayContinue(manifest, mark, file.node, version)) {
    throw refused("ESTALE", path, "the file was changed by others; look at the difference, then overwrite it");
  }
  return { node: file.node, path: file.path, version, size, isNew: false };
}

async function namedTarget(
  store: Store,
  manifest: RescueManifest,
  mark: RestoredMark | undefined,
  path: string,
  overwrite: boolean,
  call: Call,
): Promise<Target> {
  const found = await fileAt(store, path, call);
  if (found === undefined) return makeTarget(store, path, call);
  const { node, attributes } = found;
  requireFile(attributes, path);
  if (!overwrite && node !== manifest.node && node !== mark?.node) {
    throw refused("EEXIST", path, "there is such a file already; choose a new path, or overwrite it");
  }
  if (!overwrite && !mayContinue(manifest, mark, node, attributes.version)) {
    throw refused("ESTALE", path, "the file was changed by others; look at the difference, then overwrite it");
  }
  const { version, size } = attributes;
  return { node, path, version, size, isNew: false };
}

async function makeTarget(store: Store, path: string, call: Call): Promise<Target> {
  const names = namesOf(path);
  const name = names.pop();
  assert(name !== undefined, "the root of a store is there");
  const parent = await fileAt(store, names.join("/"), call);
  if (parent === undefined) throw refused("ENOENT", path, "the directory of this path does not exist in the store");
  const { node, attributes } = await store.createFile(parent.node, name, newFileMode, call);
  const { version, size } = attributes;
  return { node, path, version, size, isNew: true };
}

/** Whether a file at this version holds nothing of others that these bytes were not written on. */
function mayContinue(
  manifest: RescueManifest,
  mark: RestoredMark | undefined,
  node: NodeId,
  version: Version,
): boolean {
  if (mark?.node === node && mark.version === version) return true;
  if (node !== manifest.node) return false;
  if (version === manifest.baseVersion) return true;
  return version === manifest.foundVersion && manifest.refusal.class !== "conflict";
}

function requireFile({ kind }: Attributes, path: string): void {
  if (kind === "file") return;
  throw refused(kind === "directory" ? "EISDIR" : "EINVAL", path, `what is there is no regular file, but a ${kind}`);
}

function refused(code: "ENOENT" | "ESTALE" | "EEXIST" | "EISDIR" | "EINVAL", path: string, detail: string): Failure {
  return new Failure(code, { syscall: "restore", path, detail });
}
