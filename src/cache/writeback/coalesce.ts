/**
 * Coalesce: from one selected page, the longest run that goes to the store as one flight. It stops at a page that is
 * missing, locked, clean, in flight, or of another record (S0.4), and at the store's largest write.
 */
import { assert, type ByteCount, type ByteOffset, type ByteRanges } from "../../base/index.ts";
import type { Page } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";
import type { WritebackControl } from "./control.ts";
import type { Flight, WriteSegment } from "./flight.ts";
import { lastPage, obstacleTo } from "./select.ts";

/** The flight that begins with `first`, which is dirty, unlocked and not in flight. */
export function coalesce(space: FilePages, first: Page, control: WritebackControl): Flight {
  const bytesMax = space.core.store.manifest.writeBytesMax;
  const last = lastPage(space, control);
  const { record } = first;
  assert(record !== null, "a dirty page has a record");
  const pages: Page[] = [];
  const segments: WriteSegment[] = [];
  let byteCount = 0;
  for (let page: Page | undefined = first; page !== undefined; page = space.pages.get(page.index + 1)) {
    const fits = byteCount === 0 || byteCount + page.dirty.byteCount <= bytesMax;
    if (page.index > last || page.record !== record || !fits || obstacleTo(page, control) !== undefined) break;
    appendBytes(segments, page.index * space.pageSize, page.dirty, page.frame, bytesMax);
    pages.push(page);
    byteCount += page.dirty.byteCount;
    const reachesEnd = page.dirty.end(page.dirty.rangeCount - 1) === space.pageSize;
    if (!reachesEnd) break;
  }
  return { pages, segments, record, byteCount };
}

/** Adds bytes of one page; those that follow on what is there already lengthen its last segment, up to `bytesMax`. */
export function appendBytes(
  segments: WriteSegment[],
  pageStart: ByteOffset,
  ranges: ByteRanges,
  frame: Uint8Array,
  bytesMax: ByteCount,
): void {
  for (let range = 0; range < ranges.rangeCount; range++) {
    const start = ranges.start(range);
    const end = ranges.end(range);
    for (let at = start; at < end; at += bytesMax) {
      const pieceEnd = Math.min(end, at + bytesMax);
      const view = pieceEnd - at === frame.length ? frame : frame.subarray(at, pieceEnd);
      const last = segments.at(-1);
      const follows = last !== undefined && last.offset + last.byteCount === pageStart + at;
      if (last !== undefined && follows && last.byteCount + view.length <= bytesMax) {
        last.frames.push(view);
        last.byteCount += view.length;
      } else {
        segments.push({ offset: pageStart + at, byteCount: view.length, frames: [view] });
      }
    }
  }
}
