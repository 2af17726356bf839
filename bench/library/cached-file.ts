/**
 * A file in a memory store whose pages are all in a page cache. At the store it is one hole, so it costs nothing there
 * and the cache's own memory and time are what is measured. Write-back does not start by itself.
 */
import { posixCredential } from "holdfast";
import { type AddressSpace, PageCache, type Readahead } from "holdfast/cache";
import type { Attributes, Call } from "holdfast/port";
import { MemoryServer, memoryStore } from "holdfast/stores/memory";

/** The one who reads and writes in all of these measurements. */
export const credential = posixCredential(0, 0);
export const call: Call = { credential, signal: new AbortController().signal };

export interface CachedFile {
  readonly cache: PageCache;
  readonly space: AddressSpace;
  readonly readahead: Readahead;
  readonly pageSize: number;
  readonly byteCount: number;
}

export interface CachedFileOptions {
  readonly pageSize: number;
  readonly pageCount: number;
  /** Frames that the cache may have; by default twice the file, so that every write may be dirty at once. */
  readonly framesMax?: number;
}

const hour = 3_600_000;
const nobodyListens = { attributesChanged: (_attributes: Attributes) => {}, writebackFailed: () => {} };

export async function cachedFile({ pageSize, pageCount, framesMax }: CachedFileOptions): Promise<CachedFile> {
  const byteCount = pageSize * pageCount;
  const budgetBytes = Math.max(64, framesMax ?? pageCount * 2) * pageSize;
  const store = memoryStore(new MemoryServer());
  const root = await store.root(call);
  const file = await store.createFile(root.node, "file", 0o644, call);
  const attributes = await store.setAttributes(file.node, { size: byteCount }, call);
  const cache = new PageCache(store, {
    pageSize,
    budgetBytes,
    dirtyLimitBytes: budgetBytes,
    dirtyBackgroundBytes: budgetBytes - pageSize,
    writebackPeriodMs: hour,
    writebackExpireMs: hour,
  });
  const space = cache.createSpace(file.node, attributes, nobodyListens);
  const readahead = space.newReadahead();
  const piece = new Uint8Array(1024 * 1024);
  for (let at = 0; at < byteCount; at += piece.length) {
    await space.read(at, piece.subarray(0, Math.min(piece.length, byteCount - at)), readahead, call);
  }
  return { cache, space, readahead, pageSize, byteCount };
}
