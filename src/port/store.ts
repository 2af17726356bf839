/**
 * The store port: what the cache asks of the place where files really live. Identity based and small: nodes are named by
 * opaque ids that survive renames, every operation names its credential, and the store alone decides what is permitted.
 * All methods reject with `Failure` only. An operation whose signal fires should end soon, with EINTR or ETIMEDOUT.
 */
import type { ByteCount, ByteOffset, CancelSignal } from "../base/index.ts";
import type {
  AttributeChanges,
  Attributes,
  ChangedAttributes,
  FileSystemStatistics,
  NodeKind,
  Version,
} from "./attributes.ts";
import type { Credential } from "./credential.ts";
import type { StoreManifest } from "./manifest.ts";

/** A store's own, lasting name for a node. */
export type NodeId = string;

/** What every operation carries: who asks, and a signal that fires when nobody waits for the answer any more. */
export interface Call {
  readonly credential: Credential;
  readonly signal: CancelSignal;
}

/** What an open asks for, and what `access` checks. */
export interface AccessMode {
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
}

export interface StoreEntry {
  readonly node: NodeId;
  readonly attributes: Attributes;
}

/** One name in a directory. `.` and `..` are not listed. */
export interface DirectoryEntry {
  readonly name: string;
  readonly kind: NodeKind;
  /** st_ino of the node. */
  readonly inode: bigint;
}

export interface ReadResult {
  /** Bytes read; fewer than asked for means that the file ends there. */
  readonly byteCount: ByteCount;
  /** The version the bytes belong to. */
  readonly version: Version;
}

export interface WriteResult {
  /** Bytes taken, from the front; fewer than sent is a short write. */
  readonly byteCount: ByteCount;
  /** The attributes after the write; their version is the one the next write expects. */
  readonly attributes: ChangedAttributes;
}

export type RenameMode = "replace" | "noReplace" | "exchange";

/** A change made by another client of the same server. */
export interface StoreChange {
  readonly node: NodeId;
  readonly what: "content" | "attributes" | "entries" | "removed";
}

export interface Store {
  readonly manifest: StoreManifest;

  /** The directory everything hangs from. */
  root(call: Call): Promise<StoreEntry>;
  /**
   * Finds a name; needs execute permission on the parent. ENOENT when there is none. A name is one step: `.`, `..`, an empty
   * name and one with / or NUL are EINVAL here and wherever a name is asked for. A node that is gone is ESTALE.
   */
  lookup(parent: NodeId, name: string, call: Call): Promise<StoreEntry>;
  getAttributes(node: NodeId, call: Call): Promise<Attributes>;
  /** Changes attributes; a size change cuts the file or extends it with zeros. */
  setAttributes(node: NodeId, changes: AttributeChanges, call: Call): Promise<ChangedAttributes>;
  /** Resolves when the credential may do all that is asked for; rejects with EACCES otherwise. */
  access(node: NodeId, mode: AccessMode, call: Call): Promise<void>;
  readLink(node: NodeId, call: Call): Promise<string>;
  /** All names of a directory; needs read permission. */
  list(directory: NodeId, call: Call): Promise<readonly DirectoryEntry[]>;

  /**
   * Makes a regular file that must not exist yet (EEXIST). It belongs to the credential, in a set-group-id directory to the
   * directory's group. The maker's hold of it, when it is the next thing asked of the file, is granted whatever `mode` says,
   * as open(2) grants O_CREAT | O_RDWR together with mode 0444.
   */
  createFile(parent: NodeId, name: string, mode: number, call: Call): Promise<StoreEntry>;
  makeDirectory(parent: NodeId, name: string, mode: number, call: Call): Promise<StoreEntry>;
  makeSymbolicLink(parent: NodeId, name: string, target: string, call: Call): Promise<StoreEntry>;
  /** Makes a fifo, socket or device node. */
  makeSpecial(
    parent: NodeId,
    name: string,
    kind: NodeKind,
    mode: number,
    device: number,
    call: Call,
  ): Promise<StoreEntry>;
  link(node: NodeId, parent: NodeId, name: string, call: Call): Promise<Attributes>;
  /** Removes a name that is no directory. */
  remove(parent: NodeId, name: string, call: Call): Promise<void>;
  removeDirectory(parent: NodeId, name: string, call: Call): Promise<void>;
  rename(
    fromParent: NodeId,
    fromName: string,
    toParent: NodeId,
    toName: string,
    mode: RenameMode,
    call: Call,
  ): Promise<void>;

  /**
   * Asks for the right to read or write a file's content and pins the node: until the matching `release`, reads and writes
   * under this credential go on although the name is removed, and although the mode bits alone would forbid them, unless
   * another client changes mode, owner or group: that ends the right, and the mode bits decide again, until the same right
   * is asked for anew; asking to read brings back no right to write. Changes through this store never end it. Holds are
   * counted, for each credential by itself.
   *
   * A directory is held to be read (EISDIR to write): without its name it is an empty one in which nothing can be made (ENOENT),
   * and whose attributes can be asked for and changed.
   */
  hold(node: NodeId, mode: AccessMode, call: Call): Promise<void>;
  release(node: NodeId, mode: AccessMode, call: Call): Promise<void>;

  /** Reads from `offset` into the frames, in order. */
  read(node: NodeId, offset: ByteOffset, frames: readonly Uint8Array[], call: Call): Promise<ReadResult>;
  /**
   * What `read` would answer, where that can be had at once, without waiting for a disk or a network; undefined otherwise,
   * and the bytes of the frames are then unknown. It never throws. A store that always waits leaves it out.
   */
  tryRead?(
    node: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    credential: Credential,
  ): ReadResult | undefined;
  /**
   * Writes the frames, in order, at `offset`. With `expected`, and where the manifest promises conditional writes, a file
   * at another version is left alone and the write fails with a `VersionConflict` (ESTALE). The frames do not change until
   * the answer.
   */
  write(
    node: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    expected: Version | undefined,
    call: Call,
  ): Promise<WriteResult>;
  /**
   * Makes all answered writes and attribute changes of a file, or the entries of a directory, durable, and what its name
   * needs to be found again. Rejects with EIO when the server lost any of them since they were answered.
   */
  commit(node: NodeId, call: Call): Promise<void>;
  /** Makes a range read as zeros; the size stays. Frees storage where the manifest promises holes. */
  punchHole(node: NodeId, offset: ByteOffset, length: ByteCount, call: Call): Promise<ChangedAttributes>;
  /** Reserves storage for a range; grows the file to the range's end unless `keepSize`. */
  allocate(
    node: NodeId,
    offset: ByteOffset,
    length: ByteCount,
    keepSize: boolean,
    call: Call,
  ): Promise<ChangedAttributes>;
  /** The next position at or after `offset` that holds data, or a hole; undefined at or past the end of the file (ENXIO). */
  seek(node: NodeId, offset: ByteOffset, whence: "data" | "hole", call: Call): Promise<ByteOffset | undefined>;
  statistics(node: NodeId, call: Call): Promise<FileSystemStatistics>;

  getExtendedAttribute(node: NodeId, name: string, call: Call): Promise<Uint8Array>;
  setExtendedAttribute(
    node: NodeId,
    name: string,
    value: Uint8Array,
    mode: "any" | "create" | "replace",
    call: Call,
  ): Promise<void>;
  listExtendedAttributes(node: NodeId, call: Call): Promise<readonly string[]>;
  removeExtendedAttribute(node: NodeId, name: string, call: Call): Promise<void>;

  /** Reports changes by other clients, where the manifest promises it; the answer ends the reports. */
  watch(listener: (change: StoreChange) => void): () => void;
  /** Gives back everything the store holds. */
  close(): Promise<void>;
}
