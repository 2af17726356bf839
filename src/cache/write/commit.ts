/** The end of a write to one page: its bytes become valid and dirty, belong to a write record, and are in the books. */
import { assert } from "../../base/index.ts";
import type { Credential } from "../../port/index.ts";
import type { Page } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";
import { tags } from "../space/page-tree.ts";
import { WriteRecord } from "../writeback/write-record.ts";

/** Marks bytes [start, end) of the page, just copied, as written by the credential. */
export function commitWrite(space: FilePages, page: Page, start: number, end: number, credential: Credential): void {
  assert(!page.isFrozen, "a frozen frame is not written to");
  const before = page.dirty;
  page.hideUnrescued(start, end);
  page.valid = page.valid.plus(start, end);
  page.dirty = before.plus(start, end);
  if (before.isEmpty) {
    page.transition("dirtied");
    space.pages.setTag(page.index, tags.dirty);
    space.dirtyPageAdded();
  }
  if (page.dirty !== before) space.dirtyBytesChanged(page.dirty.byteCount - before.byteCount);
  const offset = page.index * space.pageSize;
  assignRecord(space, page, offset + start, offset + end, credential);
}

function assignRecord(space: FilePages, page: Page, start: number, end: number, credential: Credential): void {
  const current = page.record;
  if (current !== null && current.state === "pending") {
    current.widen(start, end);
    return;
  }
  const newest = space.newestRecord;
  const record =
    newest?.accepts(credential, start, end) === true
      ? newest
      : new WriteRecord(credential, start, end, space.core.clock.nowMs(), space.storeSize, space.readCount);
  record.widen(start, end);
  record.addPage();
  if (current !== null) {
    // The page's older bytes come along; those of a rejected record never do.
    assert(current.state !== "rejected", "refused bytes are frozen before anybody writes beside them");
    record.inherit(current);
    current.releasePage();
  }
  page.record = record;
  space.newestRecord = record;
}
