/**
 * A rescue store: one directory of its owner's own in which refused bytes are kept until a person disposes of them (S5.1 to
 * S5.3). One half is the cache's (`keep`), the other half is the person's.
 *
 * Words
 *   entry     the refused bytes of one write record, and a manifest that says what they are
 *   whole     an entry whose manifest is as it was written; its bytes are checked whenever they are read
 *   damaged   one whose manifest or bytes are not; it can be discarded, and that is all
 *   newer     one written by a later version of this program; it is left alone
 *
 *   (none) --keep--> whole --discard--> (none)
 *   whole --restore--> whole, marked as restored --discard--> (none)
 *   whole --tampering, a failing disk--> damaged --discard--> (none)
 */
import type { ByteCount, CancelSignal, Clock } from "../base/index.ts";
import type { Credential, NodeId, RescueId, RescueSink, Store, Version } from "../port/index.ts";
import type { RescueComparison } from "./diff-entry.ts";
import type { RescuedPiece } from "./entry-bytes.ts";
import type { Holdings } from "./inventory.ts";
import type { RescueManifest } from "./manifest.ts";
import type { RestoredMark } from "./restored-mark.ts";

export interface RescueOptions {
  /** What entries kept from here say their store is: its URL. Passwords are taken out. */
  readonly storeUrl?: string;
  /** The most that all entries of the directory together may take, manifests included. Default 4 GiB. */
  readonly bytesMax?: ByteCount;
  /** The most entries that the directory may hold. Default 10,000. */
  readonly entriesMax?: number;
  /** Whether a directory that is missing is made. Default false: a disk that is not mounted is no place for last copies. */
  readonly create?: boolean;
  /** Whether only list, show, read and diff are wanted: then nothing is swept and a read-only disk will do. Default false. */
  readonly readOnly?: boolean;
  readonly clock?: Clock;
}

export interface WholeEntry {
  readonly id: RescueId;
  readonly state: "whole";
  readonly manifest: RescueManifest;
  /** The last attempt to restore it. */
  readonly restored: RestoredMark | undefined;
}

/** What `list` and `show` tell of an entry. */
export type RescueEntry =
  | WholeEntry
  | { readonly id: RescueId; readonly state: "newer"; readonly format: number }
  | { readonly id: RescueId; readonly state: "damaged"; readonly why: string };

export interface DiffOptions {
  /** In whose name the store is read. Default: whoever wrote the bytes. */
  readonly credential?: Credential;
  readonly signal?: CancelSignal;
}

export interface RestoreOptions {
  /** In whose name the store is written. Default: whoever wrote the bytes. */
  readonly credential?: Credential;
  /** Another file to restore to. It is made when it is missing; one that is there is left alone unless `overwrite`. */
  readonly path?: string;
  /** Whether the bytes are written although others changed the file since. Default false. */
  readonly overwrite?: boolean;
  /**
   * Another entry of the same file, to be restored after this one. It is noted there, durably, that the version which this
   * restore makes is no stranger's; where that fails this entry is not discarded.
   */
  readonly before?: RescueId;
  /** Whether the entry is discarded when all its bytes are durable in the store. Default false: it is marked. */
  readonly discard?: boolean;
  readonly signal?: CancelSignal;
}

export interface RestoreResult {
  readonly id: RescueId;
  readonly path: string;
  readonly node: NodeId;
  readonly version: Version;
  readonly byteCount: ByteCount;
  /** Whether the file was made. It holds the rescued bytes only; what lies between them reads as zeros. */
  readonly isNew: boolean;
  /** What became of the entry; "kept" where it could not be marked, as on a read-only disk. */
  readonly entry: "marked" | "discarded" | "kept";
}

/**
 * What became of an entry: nobody has touched it; a restore was refused half way; its bytes are durable in the store again;
 * it is no longer there, for it was discarded, or replayed.
 */
export type EntryFate = "kept" | "partlyRestored" | "restored" | "gone";

/** All methods reject with `Failure`; an id that names no entry is ENOENT. */
export interface Rescue extends RescueSink, AsyncDisposable {
  readonly directory: string;
  readonly bytesMax: ByteCount;
  readonly entriesMax: number;

  /** How much the directory holds, entries on their way in and out included. */
  holdings(): Promise<Holdings>;
  /** All entries, the oldest first. Bytes are not read. */
  list(): Promise<readonly RescueEntry[]>;
  /** The one entry whose id begins so; ENOENT when there is none, EINVAL when there are several. */
  find(beginning: string): Promise<RescueId>;
  /** What became of an entry that was kept here. ESTALE where the directory is another one by now, as on an unmounted disk, or was. */
  fateOf(id: RescueId): Promise<EntryFate>;
  /** One entry. Its bytes are read, and it is damaged when they are not what was kept. */
  show(id: RescueId): Promise<RescueEntry>;
  /**
   * The bytes of an entry, range by range, in pieces of at most 1 MiB whose memory is used again. EBADMSG at the end of a range
   * whose bytes are not what was kept, and for a damaged manifest; ENOTSUP for an entry of a newer version.
   */
  read(id: RescueId): AsyncIterable<RescuedPiece>;
  /** Compares an entry with what the store has now. */
  diff(id: RescueId, store: Store, options?: DiffOptions): Promise<RescueComparison>;
  /**
   * Writes the bytes to the store again and makes them durable there. ESTALE when others changed the file, ENOENT when it is
   * gone, EBADMSG when the entry is damaged, EBUSY when somebody else is at the entry, and whatever the store refuses with;
   * the entry stays then.
   */
  restore(id: RescueId, store: Store, options?: RestoreOptions): Promise<RestoreResult>;
  /** Disposes of an entry for good. ENOTSUP for one of a newer version. */
  discard(id: RescueId): Promise<void>;
  /** Waits for what is being kept; afterwards everything is EBADF. */
  close(): Promise<void>;
}
