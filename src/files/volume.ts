/**
 * A volume: a store behind the page cache. The upper half is what programs use (paths, `promises`); the lower half is
 * what the mount uses (nodes). Synchronous `try...` forms answer from what is cached, fresh and granted to the
 * credential, and otherwise give up; their promise forms ask the store.
 *
 * Words: a *grant* is the store's permission, for one credential and one node, to be shown what is cached (S5.5).
 */
import type { ByteCount, Clock, Milliseconds } from "../base/index.ts";
import type { CacheSnapshot, PlatformMemory, RefusalOptions, WriteInFlight } from "../cache/index.ts";
import type {
  AccessMode,
  AttributeChanges,
  Attributes,
  Call,
  Credential,
  FileSystemStatistics,
  NodeKind,
  RenameMode,
  RescueSink,
  StoreManifest,
} from "../port/index.ts";
import type { CredentialOptions } from "./credentials/credential-options.ts";
import type { DirectoryHandle } from "./directory-handle.ts";
import type { FileHandle } from "./file-handle/file-handle.ts";
import type { Handle } from "./handle.ts";
import type { Node } from "./node.ts";
import type { VolumePromises } from "./promises/volume-promises.ts";
import type { VolumeEvents, WritebackFailed } from "./volume-events.ts";

/** What is done when the store says no: see `RefusalOptions`; and about credentials that run out: see `CredentialOptions`. */
export interface VolumeOptions extends Partial<RefusalOptions>, Partial<CredentialOptions> {
  /** In whose name paths are used when a call names nobody. Default: who runs the program. */
  readonly credential?: Credential;
  /** Taken from the modes of what `promises` and `open` create. Default 0o022. */
  readonly umask?: number;
  readonly clock?: Clock;
  /** Bytes a page, a power of two from 4 KiB. */
  readonly pageSize?: ByteCount;
  /** All frames together, hard. */
  readonly budgetBytes?: ByteCount;
  /** Above this the flusher starts by itself. */
  readonly dirtyBackgroundBytes?: ByteCount;
  /** Above this writers wait. */
  readonly dirtyLimitBytes?: ByteCount;
  readonly readaheadBytesMax?: ByteCount;
  /** What a write does that meets its page on the way to the store: it goes on in a copy (default), or waits. */
  readonly writeInFlight?: WriteInFlight;
  /** With it up to a quarter of `budgetBytes` is made real before it is needed, so the first uses of the cache need not wait. */
  readonly memory?: PlatformMemory;
  /** How long attributes, and the grants to see what is cached, are good without asking again. Default 1,000. */
  readonly attributeTimeoutMs?: Milliseconds;
  /** How long a name that was found, or was not there, is believed. Default 1,000. */
  readonly entryTimeoutMs?: Milliseconds;
  /** How long a single store operation may take. Default 30,000. */
  readonly storeTimeoutMs?: Milliseconds;
  /** How many nodes that nobody uses are remembered. Default 65,536. */
  readonly idleNodesMax?: number;
}

/** A file open in the volume, for `status`. */
export interface OpenFile {
  readonly path: string;
  readonly credential: Credential;
  readonly flags: number;
  readonly processId: number | undefined;
}

export interface VolumeSnapshot {
  readonly cache: CacheSnapshot;
  /** Nodes remembered, used or not. */
  readonly nodeCount: number;
  /** Names remembered, the ones known not to exist included. */
  readonly entryCount: number;
  readonly openFiles: readonly OpenFile[];
  /** The files with bytes that are nowhere else: unsent, or refused and not rescued. */
  readonly dirtyFiles: readonly {
    readonly path: string;
    readonly dirtyBytes: ByteCount;
    readonly unrescuedBytes: ByteCount;
  }[];
  /** How many refusals there were since the volume was opened. */
  readonly refusalCount: number;
  /** How often a listener of `events` threw; what it threw is dropped. */
  readonly eventListenerFailures: number;
}

export interface Volume {
  readonly manifest: StoreManifest;
  readonly events: VolumeEvents;
  readonly attributeTimeoutMs: Milliseconds;
  readonly entryTimeoutMs: Milliseconds;

  /** A node:fs/promises for this volume, under the volume's own credential. */
  readonly promises: VolumePromises;
  /** The same under another credential. */
  promisesFor(credential: Credential): VolumePromises;
  /** Opens a path; `flags` as node:fs has them. */
  open(
    path: string,
    flags?: string | number,
    options?: { mode?: number; credential?: Credential },
  ): Promise<FileHandle>;
  /** Sends everything dirty and waits until the store calls it durable; throws the first failure, naming its file. */
  sync(call?: Call): Promise<void>;
  snapshot(): VolumeSnapshot;
  /**
   * What the store refused since the volume was opened, oldest first: the newest 1,024, and all whose bytes are in memory
   * only. Those that a rescue keeps are found there whatever became of the volume.
   */
  refusals(): readonly WritebackFailed[];
  /** Where refused bytes are kept; null when nobody gave one. */
  readonly rescue: RescueSink | null;
  /**
   * Drains, then gives everything back. Bytes that cannot be delivered, or not before the deadline, are rescued, which may
   * take 10 s more. Who writes after the drain hears ENOTCONN. Throws when bytes were refused or not delivered, naming the
   * files, wherever the bytes are now; ETIMEDOUT, naming the files whose bytes are not known to be durable, when the deadline
   * passed first.
   */
  close(options?: { deadlineMs?: Milliseconds }): Promise<void>;

  readonly root: Node;
  /** The node of a number, while the volume remembers it. */
  node(number: number): Node | undefined;
  /**
   * The kernel, or another user, keeps one more reference to the node. Answers with the node to name from now on: another
   * one, if the volume forgot the given one meanwhile and has met it again.
   */
  remember(node: Node): Node;
  /** The references are given back. */
  forget(node: Node, count: number): void;

  /** The node; null when the name is known not to exist; undefined when the store must be asked. */
  tryLookup(parent: Node, name: string, credential: Credential): Node | null | undefined;
  lookup(parent: Node, name: string, call: Call): Promise<Node>;
  /** Size and modify time of bytes not yet sent win over the store's. */
  tryGetAttributes(node: Node, credential: Credential): Attributes | undefined;
  getAttributes(node: Node, call: Call): Promise<Attributes>;
  setAttributes(node: Node, changes: AttributeChanges, call: Call, handle?: Handle): Promise<Attributes>;
  access(node: Node, mode: AccessMode, call: Call): Promise<void>;
  readLink(node: Node, call: Call): Promise<string>;

  makeDirectory(parent: Node, name: string, mode: number, call: Call): Promise<Node>;
  makeSymbolicLink(parent: Node, name: string, target: string, call: Call): Promise<Node>;
  /** mknod(2): a fifo, socket or device node; with kind "file" an empty file. */
  makeNode(parent: Node, name: string, kind: NodeKind, mode: number, device: number, call: Call): Promise<Node>;
  link(node: Node, parent: Node, name: string, call: Call): Promise<Attributes>;
  unlink(parent: Node, name: string, call: Call): Promise<void>;
  removeDirectory(parent: Node, name: string, call: Call): Promise<void>;
  rename(
    fromParent: Node,
    fromName: string,
    toParent: Node,
    toName: string,
    mode: RenameMode,
    call: Call,
  ): Promise<void>;
  statistics(node: Node, call: Call): Promise<FileSystemStatistics>;
  getExtendedAttribute(node: Node, name: string, call: Call): Promise<Uint8Array>;
  setExtendedAttribute(
    node: Node,
    name: string,
    value: Uint8Array,
    mode: "any" | "create" | "replace",
    call: Call,
  ): Promise<void>;
  listExtendedAttributes(node: Node, call: Call): Promise<readonly string[]>;
  removeExtendedAttribute(node: Node, name: string, call: Call): Promise<void>;

  /** Opens a regular file: O_TRUNC is obeyed, O_CREAT and O_EXCL are not looked at. EISDIR, ELOOP, ENXIO for others. */
  openNode(node: Node, flags: number, call: Call, processId?: number): Promise<Handle>;
  /** Makes a file that must not exist yet (EEXIST) and opens it, whatever its mode forbids. */
  createFile(parent: Node, name: string, mode: number, flags: number, call: Call, processId?: number): Promise<Handle>;
  openDirectory(node: Node, call: Call): Promise<DirectoryHandle>;
}
