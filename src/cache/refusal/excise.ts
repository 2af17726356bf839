/**
 * Excise: exactly the refused bytes leave the cache, and the size winds back if they had moved the end of the file.
 *
 * The order is Morton's with its three steps in one turn: the write-back ends, the page is looked at again, the bytes go.
 * No page lock is taken, since bytes are removed and not pages: a page that a fill has locked stays, and the fill brings in
 * what it lacks. Nobody else can have cut, sent or evicted the page meanwhile, for it was in flight until this turn; who
 * wrote to it wrote to a copy, and those bytes stay.
 *
 * Copies of the bytes outside the cache (the kernel's under a mount, views of a mapping) are their keepers' to withdraw, when
 * the observer hears of the refusal: by then a new look finds the store's bytes here.
 */
import { type ByteCount, delay } from "../../base/index.ts";
import { endOfUnsent } from "../invalidate/start-over.ts";
import type { FilePages } from "../space/file-pages.ts";
import type { Refusal, RefusedPart } from "./refusal.ts";
import { thaw } from "./thaw.ts";

/** So many pages go before others have their turn (S0.25). */
export const batchPages = 256;

/** Takes the refused bytes out of the cache. `storeSize` is the file's size at the store. */
export async function excise(space: FilePages, refusal: Refusal, storeSize: ByteCount): Promise<void> {
  windBack(space, refusal, storeSize);
  let count = 0;
  for (const part of refusal.parts) {
    excisePart(space, part);
    count += 1;
    if (count % batchPages === 0) await delay(space.core.clock, 0);
  }
}

function excisePart(space: FilePages, part: RefusedPart): void {
  const { page } = part;
  const shown = thaw(space, part);
  page.valid = page.valid.except(shown);
  space.core.counters.excisedPages += 1;
  if (page.valid.isEmpty && !page.locked && !page.isPinned) space.dropPage(page);
  else space.core.frameMayBeFree();
}

/**
 * The size goes back if the refused bytes are what moved it; anything later that moved it stands (S0.10). Of bytes that could
 * not be rescued at once, what was written over has been refused as well by now if the size is the end of those still shown.
 */
function windBack(space: FilePages, refusal: Refusal, storeSize: ByteCount): void {
  const size = space.size as number;
  const shownEnd = refusal.shownEnd(space.pageSize) as number;
  const refusedEnd = size === shownEnd ? shownEnd : (refusal.end(space.pageSize) as number);
  space.setSize(sizeWithout(size, refusedEnd, storeSize as number, endOfUnsent(space, refusal) as number));
}

/** The size of a file that loses bytes which end at `goneEnd`, and which the store never had. */
export function sizeWithout(size: number, goneEnd: number, storeSize: number, unsentEnd: number): ByteCount {
  return size === goneEnd ? Math.max(storeSize, unsentEnd) : size;
}
