/** Starting over with what the store says the file is now: nothing clean is believed, only the dirty bytes stay. */
import type { ByteOffset } from "../../base/index.ts";
import type { Attributes } from "../../port/index.ts";
import type { FilePages } from "../space/file-pages.ts";
import { tags } from "../space/page-tree.ts";
import { dropClean } from "./drop-clean.ts";

/** Nothing is in flight. */
export function startOver(space: FilePages, attributes: Attributes): void {
  dropClean(space);
  space.version = attributes.version;
  space.storeSize = attributes.size;
  space.setSize(Math.max(attributes.size, dirtyEnd(space)));
}

/** The end of the last dirty byte; 0 when there is none. */
function dirtyEnd(space: FilePages): ByteOffset {
  let end = 0;
  let page = space.pages.nextTagged(tags.dirty, 0);
  while (page !== undefined) {
    end = page.index * space.pageSize + page.dirty.end(page.dirty.rangeCount - 1);
    page = space.pages.nextTagged(tags.dirty, page.index + 1);
  }
  return end;
}
