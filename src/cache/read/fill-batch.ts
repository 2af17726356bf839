/**
 * One batch of a fill: locked pages, and the reads that bring their missing bytes. Neighbouring gaps become one read.
 *
 * Words. A *segment* is one contiguous read. A batch is *submitted* once; it is empty again afterwards.
 *
 * Invariants. I1 Every page in a batch is locked, and unlocked exactly once, whatever the store answers. I2 Bytes that
 * arrive after the space's generation changed are not made valid.
 */
import { type ByteOffset, type ByteRanges, failureFrom } from "../../base/index.ts";
import type { Call, Credential } from "../../port/index.ts";
import { neverCancelled } from "../lock/never-cancelled.ts";
import { unlockPage } from "../lock/page-lock.ts";
import type { Page } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";
import { settlementOf } from "../space/late-answer.ts";

interface Segment {
  readonly offset: ByteOffset;
  end: ByteOffset;
  readonly views: Uint8Array[];
}

export class FillBatch {
  readonly #space: FilePages;
  /** Reads serve whoever comes for the pages, so they do not end with the reader who asked first. */
  readonly #call: Call;
  #pages: { readonly page: Page; readonly gaps: ByteRanges }[] = [];
  #segments: Segment[] = [];
  #byteCount = 0;

  constructor(space: FilePages, credential: Credential) {
    this.#space = space;
    this.#call = { credential, signal: neverCancelled };
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
    this.#pages.push({ page, gaps });
    this.#byteCount += gaps.byteCount;
    const pageStart = page.index * this.#space.pageSize;
    for (let range = 0; range < gaps.rangeCount; range++) {
      const start = gaps.start(range);
      const end = gaps.end(range);
      const view = end - start === page.frame.length ? page.frame : page.frame.subarray(start, end);
      const last = this.#segments.at(-1);
      if (last !== undefined && last.end === pageStart + start) {
        last.views.push(view);
        last.end = pageStart + end;
      } else {
        this.#segments.push({ offset: pageStart + start, end: pageStart + end, views: [view] });
      }
    }
  }

  /** Sends the reads; the promise is settled when every page is unlocked again. */
  async submit(): Promise<void> {
    const pages = this.#pages;
    const segments = this.#segments;
    this.#pages = [];
    this.#segments = [];
    this.#byteCount = 0;
    const generation = this.#space.generation;
    // Every read ends before a page is unlocked, the failed ones too: a late read must not meet another owner.
    const results = await Promise.allSettled(segments.map((segment) => this.#read(segment)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed === undefined && this.#space.generation === generation) this.#finish(pages);
    else this.#giveUp(pages, failed?.reason);
    if (failed !== undefined) throw failureFrom(failed.reason, { syscall: "read" });
  }

  async #read(segment: Segment): Promise<void> {
    const { core, node } = this.#space;
    core.counters.fillReads += 1;
    const result = await core.store.read(node, segment.offset, segment.views, this.#call);
    core.counters.fillBytes += result.byteCount;
    let left = result.byteCount;
    for (const view of segment.views) {
      if (left < view.length) view.fill(0, left);
      left = Math.max(0, left - view.length);
    }
  }

  #finish(pages: readonly { readonly page: Page; readonly gaps: ByteRanges }[]): void {
    for (const { page, gaps } of pages) {
      page.valid = page.valid.union(gaps);
      page.transition("filled");
      unlockPage(page);
    }
    this.#space.core.frameMayBeFree();
  }

  /** Pages that have nothing else leave; a frame that a late read may still touch is never used again. */
  #giveUp(pages: readonly { readonly page: Page; readonly gaps: ByteRanges }[], reason: unknown): void {
    const settled = settlementOf(reason);
    for (const { page } of pages) {
      unlockPage(page);
      if (settled !== undefined) replaceFrame(this.#space, page, settled);
      if (page.valid.isEmpty && page.sending === null && page.holdCount === 0) this.#space.dropPage(page);
    }
  }
}

/** Gives a page a fresh frame with the same valid bytes; the old one is left to the late answer. */
function replaceFrame(space: FilePages, page: Page, settled: Promise<unknown>): void {
  const frame = space.core.pool.replace(settled);
  frame.set(page.frame);
  page.frame = frame;
}
