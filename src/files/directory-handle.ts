/** An open directory: a snapshot of its names, so that a reader meets each name once while others come and go. */
import type { CancelSignal } from "../base/index.ts";
import type { Credential, DirectoryEntry } from "../port/index.ts";
import type { Node } from "./node.ts";

export interface DirectoryHandle {
  /** From the same numbers as the `fd` of a file handle. */
  readonly fd: number;
  readonly node: Node;
  readonly credential: Credential;
  /** Where `..` leads, as far as it is known; the root's parent is the root. */
  readonly parent: Node;
  /** The snapshot, without `.` and `..`; undefined before the first `load`. */
  readonly entries: readonly DirectoryEntry[] | undefined;
  /** Takes a new snapshot: for the first read, and for a rewind. */
  load(signal?: CancelSignal): Promise<readonly DirectoryEntry[]>;
  /**
   * The nodes of entries [start, start + count) of the snapshot, attributes fresh, for readdirplus. Undefined stands for
   * a name that has gone. Their attributes are then answered by `tryGetAttributes`.
   */
  lookup(start: number, count: number, signal?: CancelSignal): Promise<readonly (Node | undefined)[]>;
  sync(signal?: CancelSignal): Promise<void>;
  /** Gives it back; once is enough. */
  release(): Promise<void>;
}
