/**
 * The cached pages of one file, its size as programs see it, its locks, books and failures: what every phase of reading,
 * writing and write-back works on. `AddressSpace` puts the operations on top.
 *
 * Words. *Size* is the file's size with local writes; *store size* is what the store last said. *Version* is the store's
 * version that the clean bytes belong to. The *generation* changes when clean bytes stop being true, so that a fill that
 * began before throws its bytes away.
 *
 * Invariants.
 * I1 A page is tagged DIRTY exactly when it has dirty bytes, WRITEBACK exactly when it is in flight; TOWRITE implies DIRTY.
 * I2 The dirty and in-flight counts equal what a walk over the tags finds.
 * I3 No dirty byte lies at or beyond the size.
 * I4 Changes of the file at the store are made one after the other, under the write-back lock.
 *
 * Locks, in this order: inode (size, truncate, append, slow writes) -> invalidate (fills share it; truncate and punch have it
 * alone) -> write-back (whatever changes the file at the store) -> page locks in ascending index. Synchronous code runs
 * undisturbed and takes none; it gives up when the inode lock is held. See docs/locking.md.
 */
import { assert, type ByteCount, ByteRanges, type CancelSignal, Failure, type PageIndex } from "../../base/index.ts";
import type { Attributes, Call, ChangedAttributes, NodeId, RefusedBytes, Version } from "../../port/index.ts";
import { meetOthersChange, writesAtBase } from "../invalidate/start-over.ts";
import { Mutex } from "../lock/mutex.ts";
import { SharedLock } from "../lock/shared-lock.ts";
import { LeftFrames } from "../page/left-frames.ts";
import { noFrame, Page, type PageOwner } from "../page/page.ts";
import type { CachedPages } from "../read/readahead.ts";
import { ErrorSequence } from "../refusal/error-sequence.ts";
import type { ConflictCopy, OwnVersion } from "../refusal/own-version.ts";
import type { Refusal } from "../refusal/refusal.ts";
import { type PlainFailure, ToldFailure, type WritebackFailure } from "../refusal/write-failure.ts";
import { Durability } from "../writeback/durability.ts";
import { ThrottledWriter } from "../writeback/throttle.ts";
import type { WriteRecord } from "../writeback/write-record.ts";
import type { CacheCore } from "./cache-core.ts";
import { lateChangeFailure, lateChangesEnded, noteLateChange, settlementOf } from "./late-answer.ts";
import { PageTree, tags } from "./page-tree.ts";
import { VersionTrail } from "./version-trail.ts";

/** Whoever keeps the file's attributes. */
export interface SpaceObserver {
  /** The store answered a change made by this cache with new attributes. */
  attributesChanged(attributes: Attributes): void;
  /** Another client was found to have changed the content; clean pages are gone. */
  changedElsewhere?(): void;
  /** One call for each failure of write-back that joins the error sequence. */
  writebackFailed(failed: WritebackFailure): void;
  /** Bytes of a refusal that was told of as unrescued are kept elsewhere by now, or left as the policy says. */
  rescued?(refused: WritebackFailure): void;
  /** The file's path, for people. */
  path?(): string;
  /**
   * Writes refused bytes to a copy beside the file, where the policy for conflicts says so; answers when that is durable. The
   * copy is the writer's `own` version where all of it is known. It must not wait for this file, whose write-back waits for it.
   */
  keepBoth?(refused: RefusedBytes, own: OwnVersion, signal: CancelSignal): Promise<ConflictCopy>;
}

export class FilePages implements PageOwner, CachedPages {
  readonly core: CacheCore;
  readonly node: NodeId;
  readonly observer: SpaceObserver;
  readonly pageSize: ByteCount;
  readonly serial: number;

  readonly inodeLock: Mutex = new Mutex("inode");
  readonly invalidateLock: SharedLock = new SharedLock("invalidate");
  readonly writebackLock: Mutex = new Mutex("writeback");
  readonly errors: ErrorSequence = new ErrorSequence();
  readonly pages: PageTree<Page> = new PageTree();
  readonly leftFrames: LeftFrames;

  #size: ByteCount;
  storeSize: ByteCount;
  readonly trail: VersionTrail;
  readonly durability: Durability = new Durability((isUncommitted) => {
    if (!this.destroyed) this.core.becameUncommitted(this, isUncommitted);
  });
  generation = 0;
  /** How many answers of this cache's own changes were taken over; see `revalidate`. */
  changeCount = 0;
  readonly throttledWriter: ThrottledWriter = new ThrottledWriter();
  newestRecord: WriteRecord | null = null;
  /** Resolves when changes that passed their deadline have ended at the store; nothing is sent before. */
  lateChanges: Promise<void> | null = null;
  /** When write-back in the background may try again after a failure, on the cache's clock. */
  retryAtMs = 0;
  failuresInARow = 0;
  /** Why bytes that write-back met last are dirty again; undefined when it took what it met. */
  standingFailure: Failure | undefined;
  /** Whether refused bytes may have left the books of which nobody has been told yet. */
  isSettling = false;
  /** Refusals that are held or unrescued, in the order they were met. */
  readonly refusals: Set<Refusal> = new Set();
  /** When write-back in the background may ask the rescue again, on the cache's clock. */
  rescueRetryAtMs = 0;
  /** How often the file was read here. */
  readCount = 0;
  /** The store knows the file no more: nothing is written to it until it is seen again. */
  stale = false;
  /** Clean bytes may be of several versions: a fill met another one than the others are of, or refused bytes were salvaged. */
  mixesVersions = false;
  /**
   * Nothing clean is shown before the store was asked what the file is: after a refusal under the lazy policy, when a late write
   * was done whose bytes had left, or when others changed the file more than once between own writes under way together.
   */
  isDoubtful = false;
  destroyed = false;
  #lastWrittenPage = -1;
  #dirtyBytes = 0;
  #inFlightBytes = 0;
  #unrescuedBytes = 0;
  #modifiedAtMs = 0;
  #modifyTimeNs: bigint | undefined;

  constructor(core: CacheCore, node: NodeId, attributes: Attributes, observer: SpaceObserver) {
    this.core = core;
    this.leftFrames = new LeftFrames(core.pool);
    this.node = node;
    this.observer = observer;
    this.pageSize = core.pageSize;
    this.serial = core.newSerial();
    this.#size = attributes.size;
    this.storeSize = attributes.size;
    this.trail = new VersionTrail(attributes.version);
  }

  /** The file's size as programs see it. */
  get size(): ByteCount {
    return this.#size;
  }

  /** The store's version that the clean bytes belong to. */
  get version(): Version {
    return this.trail.known;
  }

  /** Bytes that the store has not accepted: dirty or in flight. */
  get dirtyBytes(): ByteCount {
    return this.#dirtyBytes + this.#inFlightBytes;
  }

  /** Refused bytes whose last copy is here. */
  get unrescuedBytes(): ByteCount {
    return this.#unrescuedBytes;
  }

  get hasDirtyPages(): boolean {
    return this.pages.taggedCount(tags.dirty) > 0;
  }

  /** Wall time of the newest write that the store has not accepted; undefined when it has accepted all. */
  get modifyTimeNs(): bigint | undefined {
    if (this.dirtyBytes === 0) return undefined;
    if (this.#modifyTimeNs === undefined) {
      const agoMs = this.core.clock.nowMs() - this.#modifiedAtMs;
      this.#modifyTimeNs = this.core.clock.wallTimeNs() - BigInt(Math.round(agoMs * 1e6));
    }
    return this.#modifyTimeNs;
  }

  setSize(size: ByteCount): void {
    this.#size = size;
  }

  noteModified(): void {
    this.#modifiedAtMs = this.core.clock.nowMs();
    this.#modifyTimeNs = undefined;
  }

  insertPage(index: PageIndex, frame: Uint8Array): Page {
    const page = new Page(this, index, frame);
    this.pages.insert(page);
    this.core.eviction.admit(page);
    return page;
  }

  /** Takes a page that is not in flight out of the file, dirty bytes and all; the caller owns its frame. */
  removePage(page: Page): Uint8Array {
    assert(!page.isPinned, "a page in flight, or with the last copy of refused bytes, stays in its file");
    assert(!page.locked, "a locked page stays in its file");
    this.#forgetDirty(page);
    page.transition("removed");
    this.pages.remove(page.index);
    const frame = page.frame;
    page.frame = noFrame;
    page.valid = ByteRanges.empty;
    return frame;
  }

  /** As `removePage`, for pages that do not leave by eviction; the frame goes back to the pool. */
  dropPage(page: Page): void {
    this.core.eviction.remove(page);
    this.leftFrames.give(page, this.removePage(page));
    this.core.frameMayBeFree();
  }

  pageReleased(page: Page): void {
    this.leftFrames.letGo(page);
    this.core.frameMayBeFree();
  }

  /** Counts a write's visit to a page once, however many pieces it comes in. */
  visitedByWrite(page: Page): void {
    if (page.index === this.#lastWrittenPage) return;
    this.#lastWrittenPage = page.index;
    this.core.eviction.accessed(page);
  }

  /** Makes dirty bytes [start, end) of a page clean without sending them: they were cut off or punched out. */
  discardDirty(page: Page, start: number, end: number): void {
    const before = page.dirty;
    const after = before.minus(start, end);
    if (after === before) return;
    if (after.isEmpty) {
      this.#forgetDirty(page);
      page.transition("discarded");
      return;
    }
    page.dirty = after;
    this.dirtyBytesChanged(after.byteCount - before.byteCount);
  }

  #forgetDirty(page: Page): void {
    if (page.dirty.isEmpty) return;
    this.dirtyBytesChanged(-page.dirty.byteCount);
    page.dirty = ByteRanges.empty;
    this.#releaseRecord(page);
    this.#dirtyPageRemoved(page);
    this.noteProgress();
  }

  /** The dirty bytes of a page leave the dirty books because they are being sent; the page keeps its use of the record. */
  takeDirty(page: Page): void {
    this.dirtyBytesChanged(-page.dirty.byteCount);
    page.dirty = ByteRanges.empty;
    page.record = null;
    this.#dirtyPageRemoved(page);
  }

  #releaseRecord(page: Page): void {
    assert(page.record !== null, "a dirty page has a record");
    page.record.releasePage();
    page.record = null;
  }

  dirtyPageAdded(): void {
    this.core.ledger.dirtyPages += 1;
    if (this.pages.taggedCount(tags.dirty) === 1) this.core.becameDirty(this);
  }

  /** To be called when dirty or in-flight bytes have gone: a file with nothing to send or to rescue is no flusher's business. */
  noteProgress(): void {
    if (this.dirtyBytes > 0 || this.isSettling) return;
    this.standingFailure = undefined;
    if (this.#unrescuedBytes === 0 || this.core.options.rescue === null) this.core.becameClean(this);
  }

  #dirtyPageRemoved(page: Page): void {
    this.pages.clearTag(page.index, tags.dirty);
    this.pages.clearTag(page.index, tags.towrite);
    this.core.ledger.dirtyPages -= 1;
  }

  dirtyBytesChanged(delta: number): void {
    this.#dirtyBytes += delta;
    this.core.ledger.dirtyBytes += delta;
  }

  flightChanged(pages: number, bytes: number): void {
    this.#inFlightBytes += bytes;
    this.core.ledger.inFlightPages += pages;
    this.core.ledger.inFlightBytes += bytes;
  }

  unrescuedChanged(pages: number, bytes: number): void {
    this.#unrescuedBytes += bytes;
    this.core.ledger.unrescuedPages += pages;
    this.core.ledger.unrescuedBytes += bytes;
  }

  /** A failure of write-back that refused nothing joins the error sequence, and is told once. */
  tellFailure(failed: PlainFailure): void {
    const kept = { rescueId: undefined, copyIsMixed: false, rescueFailure: undefined, hole: undefined };
    const told: WritebackFailure = { ...failed, ...kept, sizeBefore: this.#size, sizeAfter: this.#size };
    this.errors.record(new ToldFailure(told), told.credential.id);
    this.observer.writebackFailed(told);
  }

  /** Takes over what the store answered to a change made by this cache; its version goes to the trail. */
  adoptAttributes(attributes: Attributes): void {
    this.changeCount += 1;
    this.storeSize = attributes.size;
    if (this.core.store.manifest.durability === "volatile") this.durability.took();
    this.observer.attributesChanged(attributes);
  }

  /**
   * As `adoptAttributes`, for the answer to a write. Writes under way together may be answered in another order than the
   * store did them, and none of them shrinks the file: an older answer must not make bytes look as if they were not there.
   */
  adoptWritten(attributes: Attributes): void {
    const { storeSize } = this;
    this.adoptAttributes(attributes);
    this.storeSize = Math.max(storeSize, attributes.size);
  }

  /** Does one change of the file at the store, in order with all others, and takes over the attributes it answers. */
  async changeAtStore(call: Call, change: () => Promise<ChangedAttributes>): Promise<Attributes> {
    await using _order = await this.writebackLock.acquire(call.signal);
    if (!(await lateChangesEnded(this, call.signal))) throw lateChangeFailure("setattr");
    if (this.destroyed) throw new Failure("ESTALE", { syscall: "setattr" });
    try {
      const changed = await change();
      this.adoptAttributes(changed);
      this.#moveOn(changed);
      return changed;
    } catch (thrown) {
      const settled = settlementOf(thrown);
      if (settled !== undefined) noteLateChange(this, settled, (changed) => this.#meetLate(changed));
      throw thrown;
    }
  }

  /**
   * Of a change that was made alone. Where another client's went before it, dirty bytes that are to be written at their base
   * version keep that, so that their write still tells of the conflict; else what is clean starts over.
   */
  #moveOn(changed: ChangedAttributes): void {
    if (changed.previous === this.version) this.trail.step(changed);
    else if (writesAtBase(this)) this.mixesVersions = true;
    else meetOthersChange(this, changed);
  }

  /** Of a change made alone that was done after its deadline: what it did here is done as if somebody else had made it. */
  #meetLate(changed: ChangedAttributes): void {
    if (changed.previous === this.version) this.trail.step(changed);
    meetOthersChange(this, changed);
  }

  /** How many pages are cached without a gap just before `page`. */
  cachedBefore(page: PageIndex, countMax: number): number {
    let count = 0;
    while (count < countMax && page > count && this.#isWhollyCached(page - count - 1)) count += 1;
    return count;
  }

  /** How many pages are cached without a gap from `page` on. */
  cachedFrom(page: PageIndex, countMax: number): number {
    let count = 0;
    while (count < countMax && this.#isWhollyCached(page + count)) count += 1;
    return count;
  }

  /** All of it, or soon: a page of which random reads left pieces tells nothing of a sequential reader. */
  #isWhollyCached(index: PageIndex): boolean {
    const page = this.pages.get(index);
    if (page === undefined) return false;
    return page.locked || page.valid.covers(0, Math.min(this.pageSize, this.#size - index * this.pageSize));
  }

  checkInvariants(): void {
    this.pages.checkInvariants();
    let dirtyBytes = 0;
    let inFlightBytes = 0;
    let unrescuedBytes = 0;
    for (let page = this.pages.next(0); page !== undefined; page = this.pages.next(page.index + 1)) {
      page.checkInvariants();
      dirtyBytes += page.dirty.byteCount;
      inFlightBytes += page.sending?.ranges.byteCount ?? 0;
      for (const { sending } of page.unrescued ?? []) unrescuedBytes += sending.ranges.byteCount;
      assert(this.pages.hasTag(page.index, tags.dirty) === !page.dirty.isEmpty, "I1 DIRTY tags the dirty pages");
      assert(
        this.pages.hasTag(page.index, tags.writeback) === (page.sending !== null),
        "I1 WRITEBACK tags pages in flight",
      );
      if (this.pages.hasTag(page.index, tags.towrite)) assert(!page.dirty.isEmpty, "I1 TOWRITE implies DIRTY");
      if (!page.dirty.isEmpty) {
        const lastEnd = page.dirty.end(page.dirty.rangeCount - 1);
        assert(page.index * this.pageSize + lastEnd <= this.#size, "I3 dirty bytes lie below the size");
      }
    }
    for (const refusal of this.refusals) refusal.checkInvariants();
    assert(dirtyBytes === this.#dirtyBytes, "I2 dirty bytes are what a walk finds");
    assert(inFlightBytes === this.#inFlightBytes, "I2 bytes in flight are what a walk finds");
    assert(unrescuedBytes === this.#unrescuedBytes, "I2 unrescued bytes are what a walk finds");
  }
}
