/** Starting over with what the store says the file is now: nothing clean is believed, only what is nowhere else stays. */
import type { ByteOffset } from "../../base/index.ts";
import type { Attributes } from "../../port/index.ts";
import type { Refusal } from "../refusal/refusal.ts";
import type { FilePages } from "../space/file-pages.ts";
import { tags } from "../space/page-tree.ts";
import { dropClean } from "./drop-clean.ts";

/** Nothing is in flight but refused bytes. */
export function startOver(space: FilePages, attributes: Attributes): void {
  dropClean(space);
  space.version = attributes.version;
  space.storeSize = attributes.size;
  space.stale = false;
  space.isDoubtful = false;
  space.setSize(Math.max(attributes.size, endOfUnsent(space)));
}

/** The end of the last byte that the store has not taken: dirty, or refused, other than by `except`. 0 when there is none. */
export function endOfUnsent(space: FilePages, except?: Refusal): ByteOffset {
  let end = 0;
  let page = space.pages.nextTagged(tags.dirty, 0);
  while (page !== undefined) {
    end = page.index * space.pageSize + page.dirty.end(page.dirty.rangeCount - 1);
    page = space.pages.nextTagged(tags.dirty, page.index + 1);
  }
  for (const refusal of space.refusals) if (refusal !== except) end = Math.max(end, refusal.shownEnd(space.pageSize));
  return end;
}
