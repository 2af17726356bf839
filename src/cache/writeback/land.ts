/** The end of a page's flight, whatever came of it: the books, the tag, and the frozen frame. */
import { assert } from "../../base/index.ts";
import type { Page, Sending } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";
import { tags } from "../space/page-tree.ts";

/** Takes the page out of flight; the frozen frame is still to be released. */
export function endSending(space: FilePages, page: Page): Sending {
  assert(page.sending !== null, "a page in flight has a sending");
  const { sending } = page;
  page.sending = null;
  space.pages.clearTag(page.index, tags.writeback);
  space.flightChanged(-1, -sending.ranges.byteCount);
  return sending;
}

/**
 * After a copy on write the frozen frame belongs to nobody any more. One that a late write may read is left to it, and the page
 * goes on in another.
 */
export function releaseFrozenFrame(
  space: FilePages,
  page: Page,
  sending: Sending,
  late: Promise<unknown> | undefined,
): void {
  const { pool } = space.core;
  const frozen = sending.frame;
  if (late !== undefined) pool.touchedUntil(frozen, late);
  if (sending.frameAbandoned) {
    space.leftFrames.leave(page, frozen);
    return;
  }
  const copied = page.frame !== frozen;
  if (late === undefined) {
    if (copied) space.leftFrames.give(page, frozen);
    return;
  }
  const frame = pool.replace(late);
  // A fill may be writing to the frozen frame just now; it copies what it brought over when it ends.
  if (copied) pool.give(frame);
  else page.copyTo(frame);
  space.leftFrames.leave(page, frozen);
}
