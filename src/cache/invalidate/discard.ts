/**
 * Unsent bytes that an invalidation drops instead of sending them (S4.10), because their writer says so: they are gone as if
 * they had never been written, and nobody is told. Bytes of another credential are not his to drop; they are sent.
 */
import type { ByteOffset } from "../../base/index.ts";
import type { Call } from "../../port/index.ts";
import { sizeWithout } from "../refusal/excise.ts";
import type { FilePages } from "../space/file-pages.ts";
import { tags } from "../space/page-tree.ts";
import { endOfUnsent } from "./start-over.ts";

/** Drops the caller's dirty bytes of [start, end). The size goes back if they had moved the end of the file. */
export async function discardUnsent(space: FilePages, start: ByteOffset, end: ByteOffset, call: Call): Promise<void> {
  await using _inode = await space.inodeLock.acquire(call.signal);
  await using _alone = await space.invalidateLock.acquireAlone(call.signal);
  // Nothing is in flight then: what was is taken, dirty again, or refused.
  await using _order = await space.writebackLock.acquire(call.signal);
  const { pages, pageSize } = space;
  let discardedEnd = 0;
  for (let page = pages.nextTagged(tags.dirty, Math.floor(start / pageSize)); page !== undefined; ) {
    const pageStart = page.index * pageSize;
    if (pageStart >= end) break;
    if (page.record?.credential.id === call.credential.id) {
      const { dirty } = page;
      space.discardDirty(page, Math.max(0, start - pageStart), Math.min(pageSize, end - pageStart));
      const discarded = dirty.except(page.dirty);
      page.valid = page.valid.except(discarded);
      if (!discarded.isEmpty) discardedEnd = pageStart + discarded.end(discarded.rangeCount - 1);
    }
    page = pages.nextTagged(tags.dirty, page.index + 1);
  }
  space.setSize(sizeWithout(space.size, discardedEnd, space.storeSize, endOfUnsent(space)));
}
