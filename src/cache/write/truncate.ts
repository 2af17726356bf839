/**
 * Changes of a file's extent: truncate, punch, allocate. Each has the file's locks in their order, asks the store first, and
 * changes the cache only when the store has agreed, so a refused truncate loses nothing.
 */
import type { ByteCount, ByteOffset } from "../../base/index.ts";
import type { Attributes, Call } from "../../port/index.ts";
import type { FilePages } from "../space/file-pages.ts";
import { writeEverything } from "../writeback/control.ts";
import { writebackPass } from "../writeback/pass.ts";

/** Cuts the file, or extends it with zeros. */
export async function truncate(space: FilePages, size: ByteCount, call: Call): Promise<Attributes> {
  await using _inode = await space.inodeLock.acquire(call.signal);
  await using _alone = await space.invalidateLock.acquireAlone(call.signal);
  return await space.changeAtStore(call, async () => {
    const attributes = await space.core.store.setAttributes(space.node, { size }, call);
    forgetBytes(space, size as number, Number.POSITIVE_INFINITY);
    space.setSize(size);
    return attributes;
  });
}

/** Makes a range read as zeros. Bytes that the store does not have yet are sent first, so the size there is right. */
export async function punchHole(
  space: FilePages,
  position: ByteOffset,
  length: ByteCount,
  call: Call,
): Promise<Attributes> {
  await using _inode = await space.inodeLock.acquire(call.signal);
  await flush(space, call);
  await using _alone = await space.invalidateLock.acquireAlone(call.signal);
  return await space.changeAtStore(call, async () => {
    const attributes = await space.core.store.punchHole(space.node, position, length, call);
    forgetBytes(space, position, position + length);
    return attributes;
  });
}

/** Reserves storage for a range; the file grows to its end unless `keepSize`. */
export async function allocate(
  space: FilePages,
  position: ByteOffset,
  length: ByteCount,
  keepSize: boolean,
  call: Call,
): Promise<Attributes> {
  await using _inode = await space.inodeLock.acquire(call.signal);
  await flush(space, call);
  await using _alone = await space.invalidateLock.acquireAlone(call.signal);
  return await space.changeAtStore(call, async () => {
    const attributes = await space.core.store.allocate(space.node, position, length, keepSize, call);
    if (attributes.size > space.size) space.setSize(attributes.size);
    return attributes;
  });
}

/** Writes everything back under the inode lock; bytes that stay dirty are the caller's failure. */
async function flush(space: FilePages, call: Call): Promise<void> {
  const result = await writebackPass(space, writeEverything("attributes"), call.signal);
  if (result.failure !== undefined) throw result.failure;
}

/** Bytes [start, end) are no longer what the cache holds: neither valid nor dirty. Nothing is in flight or being filled. */
function forgetBytes(space: FilePages, start: ByteOffset, end: ByteOffset): void {
  const pageSize = space.pageSize;
  let page = space.pages.next(Math.floor(start / pageSize));
  while (page !== undefined && page.index * pageSize < end) {
    const next = space.pages.next(page.index + 1);
    const pageStart = page.index * pageSize;
    const from = Math.max(0, start - pageStart);
    const to = Math.min(pageSize, end - pageStart);
    space.discardDirty(page, from, to);
    page.hideUnrescued(from, to);
    page.valid = page.valid.minus(from, to);
    if (page.valid.isEmpty && !page.isPinned) space.dropPage(page);
    page = next;
  }
  space.core.frameMayBeFree();
}
