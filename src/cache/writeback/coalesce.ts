/**
 * Coalesce: from one selected page, the longest run that goes to the store as one flight. It stops at a page that is
 * missing, locked, clean, in flight, or of another record (S0.4), and at the store's largest write.
 */
import type { Page } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";
import type { WritebackControl } from "./control.ts";
import type { Flight, WriteSegment } from "./flight.ts";
import { lastPage, obstacleTo } from "./select.ts";

/** The flight that begins with `first`, which is dirty, unlocked and not in flight. */
export function coalesce(space: FilePages, first: Page, control: WritebackControl): Flight {
  const bytesMax = space.core.store.manifest.writeBytesMax;
  const last = lastPage(space, control);
  const record = first.record;
  const pages: Page[] = [];
  const segments: WriteSegment[] = [];
  let byteCount = 0;
  for (let page: Page | undefined = first; page !== undefined; page = space.pages.get(page.index + 1)) {
    const fits = byteCount === 0 || byteCount + page.dirty.byteCount <= bytesMax;
    if (page.index > last || page.record !== record || !fits || obstacleTo(page, control) !== undefined) break;
    appendDirty(space, page, segments, bytesMax);
    pages.push(page);
    byteCount += page.dirty.byteCount;
    const reachesEnd = page.dirty.end(page.dirty.rangeCount - 1) === space.pageSize;
    if (!reachesEnd) break;
  }
  return { pages, segments, credential: (record as NonNullable<typeof record>).credential, byteCount };
}

function appendDirty(space: FilePages, page: Page, segments: WriteSegment[], bytesMax: number): void {
  const pageStart = page.index * space.pageSize;
  for (let range = 0; range < page.dirty.rangeCount; range++) {
    const start = page.dirty.start(range);
    const end = page.dirty.end(range);
    for (let at = start; at < end; at += bytesMax) {
      const pieceEnd = Math.min(end, at + bytesMax);
      const view = pieceEnd - at === page.frame.length ? page.frame : page.frame.subarray(at, pieceEnd);
      const last = segments.at(-1);
      const follows = last !== undefined && last.offset + last.byteCount === pageStart + at;
      if (last !== undefined && follows && last.byteCount + view.length <= bytesMax) {
        last.views.push(view);
        last.byteCount += view.length;
      } else {
        segments.push({ offset: pageStart + at, byteCount: view.length, views: [view] });
      }
    }
  }
}
