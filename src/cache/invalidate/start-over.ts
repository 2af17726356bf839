/** Starting over with what the store says the file is now: nothing clean is believed, only what is nowhere else stays. */
import type { ByteOffset } from "../../base/index.ts";
import type { Attributes } from "../../port/index.ts";
import type { Sending } from "../page/page.ts";
import type { Refusal } from "../refusal/refusal.ts";
import type { FilePages } from "../space/file-pages.ts";
import { tags } from "../space/page-tree.ts";
import { dropClean } from "./drop-clean.ts";

/** The version and the size are the store's from now on, but for bytes that are still to be sent. */
export function startOver(space: FilePages, attributes: Attributes): void {
  space.trail.restart(attributes.version);
  space.mixesVersions = false;
  believe(space, attributes);
}

/**
 * Somebody else changed the file to what the attributes say: everything clean starts over, and keepers of copies are told. Bytes
 * that are to be written at their base version keep that, so that their write still tells of the conflict.
 */
export function meetOthersChange(space: FilePages, attributes: Attributes): void {
  if (attributes.version !== space.version && writesAtBase(space)) {
    space.mixesVersions = true;
    believe(space, attributes);
  } else {
    startOver(space, attributes);
  }
  space.observer.changedElsewhere?.();
}

/** The store alone knows what the file is: whoever comes next asks it, and keepers of copies are told. */
export function doubt(space: FilePages): void {
  space.isDoubtful = true;
  space.observer.changedElsewhere?.();
}

/** Whether there are bytes whose write names the version that they were written on. */
export function writesAtBase(space: FilePages): boolean {
  return space.dirtyBytes > 0 && space.core.store.manifest.conditionalWrites;
}

function believe(space: FilePages, attributes: Attributes): void {
  dropClean(space);
  space.storeSize = attributes.size;
  // Whoever has a deleted file open is still told what it is; it comes to life only with a name.
  space.stale &&= attributes.linkCount === 0;
  space.isDoubtful = false;
  space.setSize(Math.max(attributes.size, endOfUnsent(space)));
}

/**
 * The end of the last byte that the store has not taken and that is still to be seen: dirty, in flight, or refused, other than
 * by `except`. 0 when there is none.
 */
export function endOfUnsent(space: FilePages, except?: Refusal): ByteOffset {
  const { pages, pageSize } = space;
  let end = 0;
  for (
    let page = pages.nextTagged(tags.dirty, 0);
    page !== undefined;
    page = pages.nextTagged(tags.dirty, page.index + 1)
  ) {
    end = page.index * pageSize + page.dirty.end(page.dirty.rangeCount - 1);
  }
  for (let page = pages.nextTagged(tags.writeback, 0); page !== undefined; ) {
    const { ranges, record } = page.sending as Sending;
    const counts = except === undefined || record.refusal !== except;
    if (counts) end = Math.max(end, page.index * pageSize + ranges.end(ranges.rangeCount - 1));
    page = pages.nextTagged(tags.writeback, page.index + 1);
  }
  for (const refusal of space.refusals) {
    if (refusal !== except && refusal.state === "unrescued") end = Math.max(end, refusal.shownEnd(pageSize));
  }
  return end;
}
