/**
 * One batch of a fill: locked pages, and the reads that bring their missing bytes. Neighbouring gaps become one read.
 *
 * Words. A *segment* is one contiguous read. A batch is *submitted* once; it is empty again afterwards.
 *
 * Invariants. I1 Every page in a batch is locked, and unlocked exactly once, whatever the store answers. I2 Bytes that
 * arrive after the space's generation changed are not made valid. I3 A frame that a late read may still touch is never
 * used again.
 */
import {
  type ByteCount,
  type ByteOffset,
  type ByteRanges,
  Failure,
  failureFrom,
  neverFires,
} from "../../base/index.ts";
import type { Call, Credential } from "../../port/index.ts";
import { unlockPage } from "../lock/page-lock.ts";
import type { Page } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";
import { settlementOf } from "../space/late-answer.ts";

interface Segment {
  readonly offset: ByteOffset;
  end: ByteOffset;
  readonly views: Uint8Array[];
}

/** A locked page, the bytes it lacks, and the frame that they are read into. */
interface Gathered {
  readonly page: Page;
  readonly gaps: ByteRanges;
  readonly frame: Uint8Array;
}

export class FillBatch {
  readonly #space: FilePages;
  /** Reads serve whoever comes for the pages, so they do not end with the reader who asked first. */
  readonly #call: Call;
  #pages: Gathered[] = [];
  #segments: Segment[] = [];
  #byteCount = 0;

  constructor(space: FilePages, credential: Credential) {
    this.#space = space;
    this.#call = { credential, signal: neverFires };
  }

  get isEmpty(): boolean {
    return this.#pages.length === 0;
  }

  /** Whether these gaps fit beside what is gathered, within the store's largest read. */
  accepts(gaps: ByteRanges): boolean {
    return this.isEmpty || this.#byteCount + gaps.byteCount <= this.#space.core.store.manifest.readBytesMax;
  }

  /** Adds a locked page with the bytes it lacks. */
  add(page: Page, gaps: ByteRanges): void {
    this.#pages.push({ page, gaps, frame: page.frame });
    this.#byteCount += gaps.byteCount;
    const bytesMax = this.#space.core.store.manifest.readBytesMax;
    const pageStart = page.index * this.#space.pageSize;
    for (let range = 0; range < gaps.rangeCount; range++) {
      for (let start = gaps.start(range); start < gaps.end(range); start += bytesMax) {
        const end = Math.min(gaps.end(range), start + bytesMax);
        const view = end - start === page.frame.length ? page.frame : page.frame.subarray(start, end);
        this.#addView(pageStart + start, view, bytesMax);
      }
    }
  }

  #addView(offset: ByteOffset, view: Uint8Array, bytesMax: ByteCount): void {
    const end = offset + view.length;
    const last = this.#segments.at(-1);
    if (last !== undefined && last.end === offset && end - last.offset <= bytesMax) {
      last.views.push(view);
      last.end = end;
    } else {
      this.#segments.push({ offset, end, views: [view] });
    }
  }

  /** Sends the reads; the promise is settled when every page is unlocked again. It may fail before anybody looks at it. */
  submit(): Promise<void> {
    const landed = this.#send();
    landed.catch(() => undefined);
    return landed;
  }

  async #send(): Promise<void> {
    const pages = this.#pages;
    const segments = this.#segments;
    this.#pages = [];
    this.#segments = [];
    this.#byteCount = 0;
    const generation = this.#space.generation;
    // Every read ends before a page is unlocked, the failed ones too: a late read must not meet another owner.
    const results = await Promise.allSettled(segments.map((segment) => this.#read(segment)));
    const reasons: unknown[] = [];
    for (const result of results) if (result.status === "rejected") reasons.push(result.reason);
    if (reasons.length === 0 && this.#space.generation === generation) this.#finish(pages);
    else this.#giveUp(pages, reasons);
    this.#space.core.frameMayBeFree();
    if (reasons.length > 0) throw failureFrom(reasons[0], { syscall: "read" });
  }

  async #read(segment: Segment): Promise<void> {
    const { core, node } = this.#space;
    if (core.pool.isOverAbandoned) {
      throw new Failure("ETIMEDOUT", { syscall: "read", detail: "too many earlier operations have not been answered" });
    }
    core.counters.fillReads += 1;
    const { version } = this.#space;
    const result = await core.store.read(node, segment.offset, segment.views, this.#call);
    if (result.version !== version && result.version !== this.#space.version) this.#space.mixesVersions = true;
    const byteCount = checkedCount(result.byteCount, segment.end - segment.offset);
    core.counters.fillBytes += byteCount;
    let left = byteCount;
    for (const view of segment.views) {
      if (left < view.length) view.fill(0, left);
      left = Math.max(0, left - view.length);
    }
  }

  #finish(pages: readonly Gathered[]): void {
    for (const { page, gaps, frame } of pages) {
      if (page.frame !== frame) copyRanges(gaps, frame, page.frame);
      page.valid = page.valid.union(gaps);
      page.transition("filled");
      unlockPage(page);
      this.#space.leftFrames.letGo(page);
    }
  }

  /** Pages that have nothing else leave. */
  #giveUp(pages: readonly Gathered[], reasons: readonly unknown[]): void {
    const settled = lastSettlementOf(reasons);
    for (const { page, frame } of pages) {
      unlockPage(page);
      if (settled !== undefined) leaveToLateRead(this.#space, page, frame, settled);
      this.#space.leftFrames.letGo(page);
      if (page.valid.isEmpty && !page.isPinned && page.holdCount === 0) this.#space.dropPage(page);
    }
  }
}

/** The store's word on how much it read (S0.29): a negative count is nothing, more than asked for is a lie. */
function checkedCount(byteCount: number, wanted: number): ByteCount {
  if (byteCount <= 0) return 0;
  if (byteCount <= wanted) return byteCount;
  throw new Failure("EBADMSG", { syscall: "read", detail: "the store says it read more than it was asked for" });
}

/** When the last late read among the failures has ended; undefined when none is late. */
function lastSettlementOf(reasons: readonly unknown[]): Promise<unknown> | undefined {
  const late = reasons.map(settlementOf).filter((settlement) => settlement !== undefined);
  return late.length === 0 ? undefined : Promise.allSettled(late);
}

function copyRanges(ranges: ByteRanges, from: Uint8Array, to: Uint8Array): void {
  for (let range = 0; range < ranges.rangeCount; range++) {
    to.set(from.subarray(ranges.start(range), ranges.end(range)), ranges.start(range));
  }
}

/** A page goes on in another frame with the same valid bytes; the one that was read into is left to the late answer. */
function leaveToLateRead(space: FilePages, page: Page, frame: Uint8Array, settled: Promise<unknown>): void {
  const { pool } = space.core;
  pool.touchedUntil(frame, settled);
  if (page.frame !== frame) return;
  const isFrozen = page.abandonFrame(pool.replace(settled));
  // Whoever froze it leaves it, in the end.
  if (!isFrozen) space.leftFrames.leave(page, frame);
}
