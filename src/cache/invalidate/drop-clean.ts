/**
 * Clean bytes that are no longer what the store has leave the cache. Dirty bytes stay; they were acknowledged. The order is
 * S4's: pages of a running fill are recognised by the generation and throw their bytes away.
 */
import type { ByteOffset } from "../../base/index.ts";
import type { Page } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";

/** Drops clean bytes of [start, end); answers how many pages could not go (S4.11). */
export function dropClean(space: FilePages, start: ByteOffset = 0, end: ByteOffset = Number.POSITIVE_INFINITY): number {
  return dropCleanBatch(space, start, end, Number.POSITIVE_INFINITY).pagesLeft;
}

/** As `dropClean`, for `pagesMax` pages at most; `next` is where to go on, undefined at the end of the range. */
export function dropCleanBatch(
  space: FilePages,
  start: ByteOffset,
  end: ByteOffset,
  pagesMax: number,
): { pagesLeft: number; next: ByteOffset | undefined } {
  const pageSize = space.pageSize;
  let pagesLeft = 0;
  space.generation += 1;
  let page = space.pages.next(Math.floor(start / pageSize));
  for (let count = 0; page !== undefined && page.index * pageSize < end; count++) {
    if (count >= pagesMax) return { pagesLeft, next: page.index * pageSize };
    const following = space.pages.next(page.index + 1);
    if (page.locked || page.isPinned || !page.dirty.isEmpty) pagesLeft += 1;
    if (page.locked) page.valid = page.onlyHere;
    else dropCleanBytes(space, page);
    page = following;
  }
  return { pagesLeft, next: undefined };
}

function dropCleanBytes(space: FilePages, page: Page): void {
  page.valid = page.onlyHere;
  if (!page.valid.isEmpty || page.isPinned) return;
  space.core.counters.invalidatedPages += 1;
  space.dropPage(page);
}
