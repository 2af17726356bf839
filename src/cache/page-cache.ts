/**
 * A page cache: the files of one store that are cached, and what they share: frames within one hard budget, the order of
 * eviction, the books and limits of dirty memory, the flusher.
 *
 * Words. A *space* is the cached part of one file. *Reclaim* takes the frame of a clean page; it never waits for the store
 * and never writes (S2.5): when only dirty pages are left it wakes the flusher and the asker waits for the *frame bell*, unless
 * all that is left was refused.
 *
 * Invariants. I1 The frames of all pages, flights and devices stay within the budget. I2 The ledger equals the sums over all
 * spaces. I3 A space with bytes that the store has not accepted is known to the flusher.
 */
import { assert, type CancelSignal, type Clock, Failure, failureFrom, neverFires } from "../base/index.ts";
import type { Attributes, Credential, NodeId, Store } from "../port/index.ts";
import { type CacheOptions, completeOptions } from "./cache-options.ts";
import { Bell } from "./lock/bell.ts";
import { asFreeTask } from "./lock/lock-witness.ts";
import { Counters } from "./observe/counters.ts";
import type { CacheSnapshot } from "./observe/snapshot.ts";
import { FramePool, type FrameUse } from "./page/frame-pool.ts";
import type { Page } from "./page/page.ts";
import { declinedCountMax, type EvictionPolicy } from "./reclaim/eviction-policy.ts";
import { S3Fifo } from "./reclaim/s3-fifo.ts";
import { framesOfUnrescued, standingUnrescued } from "./refusal/refuse.ts";
import { AddressSpace } from "./space/address-space.ts";
import { type CacheCore, closedFailure } from "./space/cache-core.ts";
import type { FilePages, SpaceObserver } from "./space/file-pages.ts";
import { refusalOfAll } from "./writeback/balance.ts";
import { commitToStore } from "./writeback/commit-to-store.ts";
import { type WritebackReason, writeEverything } from "./writeback/control.ts";
import { DirtyLedger } from "./writeback/dirty-ledger.ts";
import { Flusher } from "./writeback/flusher.ts";
import { writebackPass } from "./writeback/pass.ts";
import { Throttle } from "./writeback/throttle.ts";

const evictable = (page: Page): boolean => page.isEvictable;

/** How many files `sync` writes back at once. */
const syncsMax = 8;

export class PageCache implements CacheCore {
  readonly store: Store;
  readonly clock: Clock;
  readonly options: CacheOptions;
  readonly pageSize: number;
  readonly pool: FramePool;
  readonly eviction: EvictionPolicy<Page>;
  readonly counters: Counters = new Counters();
  readonly ledger: DirtyLedger;
  readonly throttle: Throttle;
  readonly dirtyBell: Bell = new Bell("dirty memory");

  readonly #spaces: Set<FilePages> = new Set();
  readonly #uncommitted: Set<FilePages> = new Set();
  readonly #flusher: Flusher;
  readonly #frameBell: Bell = new Bell("frame");
  #lastSerial = 0;
  #isClosed = false;

  constructor(store: Store, options: Partial<CacheOptions> = {}) {
    this.store = store;
    this.options = completeOptions(options);
    const { pageSize, budgetBytes, clock, dirtyBackgroundBytes, dirtyLimitBytes } = this.options;
    this.clock = clock;
    this.pageSize = pageSize;
    const room = (): void => this.frameMayBeFree();
    this.pool = new FramePool(pageSize, Math.floor(budgetBytes / pageSize), room, this.options.memory);
    this.eviction = new S3Fifo<Page>(this.pool.frameCountMax);
    this.ledger = new DirtyLedger(pageSize);
    this.throttle = new Throttle(clock, {
      backgroundBytes: dirtyBackgroundBytes,
      hardBytes: dirtyLimitBytes,
      checkBytes: 32 * pageSize,
    });
    this.#flusher = new Flusher(clock, this.ledger, {
      periodMs: this.options.writebackPeriodMs,
      expireMs: this.options.writebackExpireMs,
      backgroundBytes: dirtyBackgroundBytes,
    });
  }

  /** The address space of a node; whoever asks keeps exactly one per node, and destroys it in the end. */
  createSpace(node: NodeId, attributes: Attributes, observer: SpaceObserver): AddressSpace {
    const space = new AddressSpace(this, node, attributes, observer);
    this.#spaces.add(space);
    return space;
  }

  newSerial(): number {
    this.#lastSerial += 1;
    return this.#lastSerial;
  }

  tryTakeFrame(use: FrameUse = "page"): Uint8Array | undefined {
    const frame = this.pool.tryTake(use);
    if (frame !== undefined) return frame;
    for (;;) {
      const page = this.eviction.victim(evictable);
      if (page === null) return undefined;
      this.counters.evictedPages += 1;
      const evicted = page.owner.removePage(page);
      if (!this.pool.isOverBudget) return evicted;
      this.pool.give(evicted);
    }
  }

  async takeFrame(use: "read" | "write", signal: CancelSignal): Promise<Uint8Array> {
    for (;;) {
      // One search for a victim is bounded; together these have looked at every page.
      for (let searches = Math.ceil(this.eviction.size / declinedCountMax); searches >= 0; searches--) {
        const frame = this.tryTakeFrame();
        if (frame !== undefined) return frame;
      }
      // What holds the frames is not sent by itself any more.
      if (this.#isClosed) throw closedFailure(use);
      const refusal = this.#refusalOfEveryFrame();
      if (refusal !== undefined) {
        const detail = "bytes that were refused hold the whole cache";
        throw new Failure(use === "write" ? refusal.code : "ENOMEM", { syscall: use, detail, cause: refusal });
      }
      this.counters.frameWaits += 1;
      this.#flusher.wake("reclaim");
      await this.#frameBell.heard(signal);
    }
  }

  frameMayBeFree(): void {
    this.#frameBell.ring();
    this.dirtyBell.ring();
  }

  becameDirty(space: FilePages): void {
    this.#flusher.becameDirty(space);
  }

  becameClean(space: FilePages): void {
    this.#flusher.becameClean(space);
  }

  refusalOfEverything(): Failure | undefined {
    if (this.ledger.inFlightPages > 0) return undefined;
    let refusal: Failure | undefined;
    for (const space of this.#flusher.dirtySpaces) {
      refusal = refusalOfAll(space);
      if (refusal === undefined) return undefined;
    }
    return refusal ?? this.#unrescued();
  }

  /** Why no frame comes back by itself: each has bytes that were refused, or belongs to a page with such bytes. */
  #refusalOfEveryFrame(): Failure | undefined {
    const refusal = this.refusalOfEverything();
    if (refusal === undefined) return undefined;
    let heldCount = this.ledger.dirtyPages;
    for (const space of this.#spaces) heldCount += framesOfUnrescued(space);
    return heldCount >= this.pool.takenCount ? refusal : undefined;
  }

  /** Why there are unrescued bytes, if there are. */
  #unrescued(): Failure | undefined {
    if (this.ledger.unrescuedPages === 0) return undefined;
    for (const space of this.#spaces) {
      const refusal = standingUnrescued(space);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  wakeFlusher(reason: WritebackReason): void {
    this.#flusher.wake(reason);
  }

  becameUncommitted(space: FilePages, uncommitted: boolean): void {
    if (uncommitted) this.#uncommitted.add(space);
    else this.#uncommitted.delete(space);
  }

  forget(space: FilePages): void {
    this.#spaces.delete(space);
    this.#uncommitted.delete(space);
    this.#flusher.becameClean(space);
  }

  /**
   * Writes back every file; with `durable`, until the store calls it durable. Failures are in the files' error sequences;
   * one file that fails or hangs does not keep the others.
   */
  async sync(
    options: { readonly durable: boolean; readonly credential: Credential },
    signal: CancelSignal = neverFires,
  ): Promise<void> {
    const work = new Set<FilePages>(this.#flusher.dirtySpaces);
    if (options.durable) for (const space of this.#uncommitted) work.add(space);
    const queue = work.values();
    const worker = async (): Promise<void> => {
      for (const space of queue) {
        if (space.destroyed) continue;
        await writebackPass(space, writeEverything("sync"), signal);
        if (options.durable) await commitToStore(space, { credential: options.credential, signal });
      }
    };
    const workers = await Promise.allSettled(Array.from({ length: syncsMax }, worker));
    const failed = workers.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failureFrom(failed.reason, { syscall: "sync" });
  }

  /** As `sync`, for whoever goes on without it: it may be begun in the middle of a flight. */
  syncApart(options: { readonly durable: boolean; readonly credential: Credential }): Promise<void> {
    return asFreeTask("sync apart", () => this.sync(options));
  }

  snapshot(): CacheSnapshot {
    return {
      pageSize: this.pageSize,
      budgetBytes: this.options.budgetBytes,
      frameBytes: this.pool.takenCount * this.pageSize,
      cachedPages: this.eviction.size,
      dirtyBytes: this.ledger.dirtyBytes,
      dirtyPages: this.ledger.dirtyPages,
      inFlightBytes: this.ledger.inFlightBytes,
      inFlightPages: this.ledger.inFlightPages,
      unrescuedBytes: this.ledger.unrescuedBytes,
      unrescuedPages: this.ledger.unrescuedPages,
      dirtyFiles: this.#flusher.dirtySpaces.size,
      openSpaces: this.#spaces.size,
      storeBytesPerSecond: this.throttle.writeBytesPerSecond,
      counters: this.counters,
    };
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Stops write-back in the background, and takes no more bytes: who writes, or waits for room, hears ENOTCONN. Nothing is
   * sent; drain with `sync` first, and look then at what is left.
   */
  close(): void {
    this.#isClosed = true;
    this.#flusher.close();
    this.pool.close();
    this.frameMayBeFree();
  }

  checkInvariants(): void {
    this.pool.checkInvariants();
    this.ledger.checkInvariants();
    this.eviction.checkInvariants();
    let dirtyBytes = 0;
    let unrescuedBytes = 0;
    let pages = 0;
    for (const space of this.#spaces) {
      space.checkInvariants();
      dirtyBytes += space.dirtyBytes;
      unrescuedBytes += space.unrescuedBytes;
      pages += space.pages.count;
      if (space.dirtyBytes > 0) assert(this.#flusher.dirtySpaces.has(space), "I3 the flusher knows every dirty file");
    }
    assert(
      dirtyBytes === this.ledger.dirtyBytes + this.ledger.inFlightBytes,
      "I2 the ledger is the sum over all files",
    );
    assert(unrescuedBytes === this.ledger.unrescuedBytes, "I2 so are its unrescued bytes");
    assert(pages === this.eviction.size, "every page is in the order of eviction once");
  }
}
