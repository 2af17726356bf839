/** What an address space needs of the cache it belongs to: memory, time, the store, and the books. */
import { type CancelSignal, type Clock, Failure } from "../../base/index.ts";
import type { Store } from "../../port/index.ts";
import type { CacheOptions } from "../cache-options.ts";
import type { Bell } from "../lock/bell.ts";
import type { Counters } from "../observe/counters.ts";
import type { FramePool, FrameUse } from "../page/frame-pool.ts";
import type { Page } from "../page/page.ts";
import type { EvictionPolicy } from "../reclaim/eviction-policy.ts";
import type { WritebackReason } from "../writeback/control.ts";
import type { DirtyLedger } from "../writeback/dirty-ledger.ts";
import type { Throttle } from "../writeback/throttle.ts";
import type { FilePages } from "./file-pages.ts";

export interface CacheCore {
  readonly store: Store;
  readonly clock: Clock;
  readonly pageSize: number;
  readonly pool: FramePool;
  readonly eviction: EvictionPolicy<Page>;
  readonly counters: Counters;
  readonly ledger: DirtyLedger;
  readonly options: CacheOptions;
  readonly throttle: Throttle;
  /** Rings whenever dirty memory may have become less. */
  readonly dirtyBell: Bell;
  /** Nothing is sent in the background any more, so no more bytes are taken: nobody would look after them. */
  readonly isClosed: boolean;

  /** A number that no other space of the cache has. */
  newSerial(): number;
  /** A frame, if need be that of a clean page which leaves; undefined when every frame is dirty, in flight or wanted. */
  tryTakeFrame(use?: FrameUse): Uint8Array | undefined;
  /**
   * Waits for a frame; starts write-back when only that can free one. While refused bytes hold every frame, a writer hears the
   * refusal, and a reader ENOMEM with the refusal as its cause. Rejects with EINTR as well, and ENOTCONN when the cache is closed.
   */
  takeFrame(use: "read" | "write", signal: CancelSignal): Promise<Uint8Array>;
  /** Tells waiters that a frame may be had again. */
  frameMayBeFree(): void;
  /** Tells the flusher that a space has dirty pages now. */
  becameDirty(space: FilePages): void;
  /** Tells the flusher that a space has none left. */
  becameClean(space: FilePages): void;
  /** The latest refusal, when every file with dirty bytes has met one and nothing is in flight. */
  refusalOfEverything(): Failure | undefined;
  /** Asks the flusher to start now. */
  wakeFlusher(reason: WritebackReason): void;
  /** Notes whether the store has taken bytes of the space that are not known to be durable. */
  becameUncommitted(space: FilePages, uncommitted: boolean): void;
  /** Forgets a destroyed space. */
  forget(space: FilePages): void;
}

/** What whoever waits for memory, or writes, hears of a cache that is closed. */
export function closedFailure(syscall: string): Failure {
  return new Failure("ENOTCONN", { syscall, detail: "the cache is closed" });
}
