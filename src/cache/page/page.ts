/**
 * A page: one aligned piece of a file in memory.
 *
 * Words. *Valid* bytes are the file's bytes as this cache knows them; other bytes of the frame are rubbish that nobody may
 * see. *Dirty* bytes are valid bytes that the store has not been sent. A page *in flight* is being sent: its frame is
 * frozen, and a write to it goes to a copy (copy on write). *Unrescued* bytes were refused by the store and could not be
 * rescued: their frame stays frozen too, and the page stays.
 *
 * Invariants.
 * I1 Dirty bytes are valid.
 * I2 The state is dirty or inFlightDirty exactly when there are dirty bytes.
 * I3 A page with dirty bytes has exactly one write record; a page without has none.
 * I4 A page has a sending exactly when it is inFlight or inFlightDirty.
 * I5 A removed page has no frame, no bytes and no lock.
 * I6 What the page shows of unrescued bytes is valid.
 *
 * State drawing and the function of each transition: page-state.ts. Who changes the fields:
 *
 * | field | performed by |
 * |---|---|
 * | `valid` grows | `commitWrite` (write/commit.ts), fills (read/fill.ts, read/fill-batch.ts, read/fill-now.ts) |
 * | `valid` shrinks | `forgetBytes` (write/truncate.ts), `dropCleanBatch` (invalidate/drop-clean.ts), `discardUnsent` (invalidate/discard.ts) |
 * | `valid` shrinks | `excisePart` (refusal/excise.ts), `FilePages.removePage` (space/file-pages.ts) |
 * | `dirty` and `record` are set | `commitWrite` (write/commit.ts), `redirty` (writeback/collect.ts) |
 * | `dirty` and `record` are cleared | `FilePages.takeDirty`, `discardDirty`, `removePage` (space/file-pages.ts) |
 * | `sending` is set, cleared | `freezePage` (writeback/issue.ts), `endSending` (writeback/land.ts) |
 * | `unrescued` is set, cleared | `park`, `unpark` (refusal/thaw.ts) |
 * | `locked` is set, cleared | `lockPage`, `unlockPage` (lock/page-lock.ts) |
 */
import { assert, ByteRanges, type PageIndex } from "../../base/index.ts";
import type { Evictable } from "../reclaim/eviction-policy.ts";
import type { WriteRecord } from "../writeback/write-record.ts";
import { nextPageState, type PageState, type PageTransition } from "./page-state.ts";

/** The frame of a removed page. */
export const noFrame: Uint8Array = new Uint8Array(0);

/** What a page knows of the file it belongs to. */
export interface PageOwner {
  /** A number no other space of the cache has. */
  readonly serial: number;
  /** Takes the page out of the file; answers its frame. */
  removePage(page: Page): Uint8Array;
  /** A page of the file is no longer held, so its frame may be taken, and those that it had before have lost a reader. */
  pageReleased(page: Page): void;
}

/** The bytes of one page that are on their way to the store. */
export interface Sending {
  /** The frozen frame. A write meanwhile gives the page another one. */
  readonly frame: Uint8Array;
  /** Fewer when the store took some of them and refused the rest. */
  ranges: ByteRanges;
  readonly record: WriteRecord;
  /** Resolves when the store has answered and the answer was collected; of refused bytes, when the refusal is settled. */
  collected: Promise<void>;
  /** Whether the page goes on in another frame because a read that is late may still touch this one. */
  frameAbandoned: boolean;
}

/** Refused bytes of a page whose last copy is here: the frozen frame, and which of the bytes the page still shows. */
export interface UnrescuedBytes {
  readonly sending: Sending;
  /** Those that nobody has written over or cut since. */
  shown: ByteRanges;
}

export class Page implements Evictable {
  // What every hit looks at comes first, so that it lies in one line or two of the processor's cache.
  frame: Uint8Array;
  valid: ByteRanges = ByteRanges.empty;
  evictionMark = 0;
  /** Set while a fill owns the page; see lock/page-lock.ts. */
  locked = false;
  dirty: ByteRanges = ByteRanges.empty;
  record: WriteRecord | null = null;
  sending: Sending | null = null;
  readonly index: PageIndex;

  state: PageState = "empty";
  readonly owner: PageOwner;
  evictionNext: Evictable | null = null;
  evictionPrevious: Evictable | null = null;
  lockWaiters: (() => void)[] | null = null;
  /** Null for nearly every page. */
  unrescued: readonly UnrescuedBytes[] | null = null;
  /** Readers that wait for this page and must find it; a held page is not evicted. */
  holdCount = 0;

  constructor(owner: PageOwner, index: PageIndex, frame: Uint8Array) {
    this.owner = owner;
    this.index = index;
    this.frame = frame;
  }

  get evictionKey(): number {
    return (Math.imul(this.index + 1, 0x9e3779b1) ^ Math.imul(this.owner.serial + 1, 0x85ebca6b)) | 0;
  }

  /** A reader must find the page again. */
  hold(): void {
    this.holdCount += 1;
  }

  /** The reader has done with it. */
  release(): void {
    this.holdCount -= 1;
    if (this.holdCount === 0) this.owner.pageReleased(this);
  }

  transition(transition: PageTransition): void {
    this.state = nextPageState(this.state, transition);
  }

  /** Clean, unlocked, wanted by nobody, not the last copy of anything: its frame may be taken. */
  get isEvictable(): boolean {
    const isClean = this.state === "clean" || this.state === "empty";
    return isClean && !this.locked && this.holdCount === 0 && this.unrescued === null;
  }

  /** Whether somebody needs the page besides readers: it is in flight, or has the last copy of refused bytes. */
  get isPinned(): boolean {
    return this.sending !== null || this.unrescued !== null;
  }

  /** Whether the bytes of its frame must not change, so that a write needs a copy of it. */
  get isFrozen(): boolean {
    if (this.sending?.frame === this.frame) return true;
    return this.unrescued?.at(-1)?.sending.frame === this.frame;
  }

  /** Bytes that are nowhere else: dirty, on their way, or refused and not rescued. */
  get onlyHere(): ByteRanges {
    let bytes = this.sending === null ? this.dirty : this.dirty.union(this.sending.ranges);
    for (const { shown } of this.unrescued ?? []) bytes = bytes.union(shown);
    return bytes;
  }

  /** Bytes [start, end) were written over or cut: of unrescued bytes the page shows them no more. */
  hideUnrescued(start: number, end: number): void {
    if (this.unrescued === null) return;
    for (const bytes of this.unrescued) bytes.shown = bytes.shown.minus(start, end);
  }

  /** Whether the frame holds the last copy of refused bytes that were cut, so that a fill would write over them. */
  get hidesUnrescued(): boolean {
    if (this.unrescued === null) return false;
    return this.unrescued.some(
      ({ sending, shown }) => sending.frame === this.frame && shown.byteCount < sending.ranges.byteCount,
    );
  }

  /** The page goes on in a copy of its frame; the frame is left to whoever froze it. */
  copyTo(frame: Uint8Array): void {
    frame.set(this.frame);
    this.frame = frame;
  }

  /** The page goes on in a copy because a late read may still touch its frame; answers whether somebody froze that. */
  abandonFrame(copy: Uint8Array): boolean {
    const abandoned = this.frame;
    this.copyTo(copy);
    let isFrozen = false;
    for (const sending of [this.sending, ...(this.unrescued ?? []).map((bytes) => bytes.sending)]) {
      if (sending?.frame !== abandoned) continue;
      sending.frameAbandoned = true;
      isFrozen = true;
    }
    return isFrozen;
  }

  checkInvariants(): void {
    assert(this.dirty.except(this.valid).isEmpty, "I1 dirty bytes are valid");
    const holdsDirty = this.state === "dirty" || this.state === "inFlightDirty";
    assert(holdsDirty === !this.dirty.isEmpty, "I2 the state says whether there are dirty bytes");
    assert((this.record !== null) === holdsDirty, "I3 dirty bytes have one write record");
    const inFlight = this.state === "inFlight" || this.state === "inFlightDirty";
    assert(inFlight === (this.sending !== null), "I4 a page in flight has a sending");
    if (this.state === "removed") assert(this.frame === noFrame && !this.locked, "I5 a removed page holds nothing");
    if (this.unrescued === null) return;
    for (const { shown } of this.unrescued) assert(shown.except(this.valid).isEmpty, "I6 unrescued bytes are valid");
  }
}
