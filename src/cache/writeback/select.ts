/**
 * Select: which page a pass of write-back sends next. A pass for integrity walks the TOWRITE tag, which was given to the
 * pages that were dirty when it began, so a writer who is as fast as the store cannot keep it busy for ever.
 */
import type { PageIndex } from "../../base/index.ts";
import type { Page } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";
import { type Tag, tags } from "../space/page-tree.ts";
import type { WritebackControl } from "./control.ts";

/** The tag that a pass walks. */
export function walkedTag(control: WritebackControl): Tag {
  return control.syncMode === "all" ? tags.towrite : tags.dirty;
}

/** Marks what is dirty now, in the control's range, as the work of this pass; nothing merges with it any more. */
export function tagForPass(space: FilePages, control: WritebackControl): void {
  if (control.syncMode === "none") return;
  const first = firstPage(space, control);
  const last = lastPage(space, control);
  space.pages.copyTag(tags.dirty, tags.towrite, first, last);
  for (let page = space.pages.nextTagged(tags.towrite, first); page !== undefined && page.index <= last; ) {
    page.record?.advance("sync");
    page = space.pages.nextTagged(tags.towrite, page.index + 1);
  }
}

export function firstPage(space: FilePages, control: WritebackControl): PageIndex {
  return Math.floor(control.start / space.pageSize);
}

export function lastPage(space: FilePages, control: WritebackControl): PageIndex {
  return control.end === Number.POSITIVE_INFINITY
    ? Number.MAX_SAFE_INTEGER
    : Math.ceil(control.end / space.pageSize) - 1;
}

/** Why a page cannot be sent right now, if it cannot. */
export function obstacleTo(page: Page, control: WritebackControl): "locked" | "inFlight" | "young" | undefined {
  if (page.locked) return "locked";
  if (page.sending !== null) return "inFlight";
  if (page.record !== null && page.record.dirtiedAtMs > control.dirtiedBeforeMs) return "young";
  return undefined;
}
