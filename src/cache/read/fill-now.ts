/**
 * Filling without waiting: where the store can answer at once (its `tryRead`), a miss needs no promise, no lock and no second
 * look. All of it happens in one turn, so nothing else sees the pages half done. When anything would have to be waited for
 * (a locked page, memory, the store), nothing is changed and the caller takes the slow way.
 */
import type { ByteCount, ByteOffset, ByteRanges } from "../../base/index.ts";
import type { Credential } from "../../port/index.ts";
import type { Page } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";
import { pageWithFrame } from "./fill.ts";

/** More than this is not copied in one turn. */
const fillNowBytesMax: ByteCount = 1024 * 1024;

interface Missing {
  readonly page: Page;
  readonly gaps: ByteRanges;
}

/** Makes bytes [start, end) valid, or answers false. */
export function fillNow(space: FilePages, start: ByteOffset, end: ByteOffset, credential: Credential): boolean {
  if (space.core.store.tryRead === undefined || end - start > fillNowBytesMax) return false;
  if (space.destroyed || !space.invalidateLock.admitsSharing) return false;
  const held: Page[] = [];
  const missing: Missing[] = [];
  const filled = gatherNow(space, start, end, held, missing) && readNow(space, missing, credential);
  if (filled) {
    for (const { page, gaps } of missing) {
      page.valid = page.valid.union(gaps);
      page.transition("filled");
    }
  }
  for (const page of held) page.release();
  if (!filled)
    for (const { page } of missing)
      if (page.valid.isEmpty && !page.isPinned && page.holdCount === 0) space.dropPage(page);
  return filled;
}

/** Finds or makes the pages of the range, each held so that the next one does not take its frame. */
function gatherNow(space: FilePages, start: ByteOffset, end: ByteOffset, held: Page[], missing: Missing[]): boolean {
  const { pageSize } = space;
  for (let index = Math.floor(start / pageSize); index * pageSize < end; index++) {
    let page = space.pages.get(index);
    if (page?.locked === true) return false;
    if (page === undefined || page.hidesUnrescued) {
      const isPiece = start > index * pageSize;
      const frame = space.core.tryTakeFrame(isPiece ? "piece" : "page");
      if (frame === undefined) return false;
      page = pageWithFrame(space, index, frame);
    }
    page.hold();
    held.push(page);
    const gaps = page.valid.gaps(Math.max(0, start - index * pageSize), Math.min(pageSize, end - index * pageSize));
    if (!gaps.isEmpty) missing.push({ page, gaps });
  }
  return true;
}

/** Reads the gaps, neighbours together. Bytes beyond the store's end of file are zeros without asking. */
function readNow(space: FilePages, missing: readonly Missing[], credential: Credential): boolean {
  let views: Uint8Array[] = [];
  let offset = 0;
  let end = -1;
  for (const { page, gaps } of missing) {
    const pageStart = page.index * space.pageSize;
    for (let range = 0; range < gaps.rangeCount; range++) {
      const from = gaps.start(range);
      const to = gaps.end(range);
      const view = to - from === page.frame.length ? page.frame : page.frame.subarray(from, to);
      if (pageStart + from !== end) {
        if (!readRun(space, offset, end, views, credential)) return false;
        views = [];
        offset = pageStart + from;
      }
      views.push(view);
      end = pageStart + to;
    }
  }
  return readRun(space, offset, end, views, credential);
}

function readRun(
  space: FilePages,
  offset: ByteOffset,
  end: ByteOffset,
  views: readonly Uint8Array[],
  credential: Credential,
): boolean {
  if (views.length === 0) return true;
  const { store, counters } = space.core;
  let left = 0;
  if (offset < space.storeSize) {
    const result = store.tryRead?.(space.node, offset, views, credential);
    // A store that says it read more than it was asked for is told so by the slow way (S0.29).
    if (result === undefined || !(result.byteCount <= end - offset)) return false;
    left = Math.max(0, result.byteCount);
    counters.fillReads += 1;
    counters.fillBytes += left;
    if (result.version !== space.version) space.mixesVersions = true;
  }
  for (const view of views) {
    if (left < view.length) view.fill(0, left);
    left = Math.max(0, left - view.length);
  }
  return true;
}
