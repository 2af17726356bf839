/**
 * Where a file has data and where it has holes (SEEK_DATA, SEEK_HOLE): the store's word, with the bytes added that it does
 * not have yet. Nothing is sent for that, so a store that refuses writes hides no data, and is not asked to take them again.
 *
 * What is unsent is looked at before the store is asked: bytes that it takes meanwhile are in one of the two answers.
 */
import type { ByteOffset, ByteRanges } from "../../base/index.ts";
import type { Call } from "../../port/index.ts";
import type { Page } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";
import { tags } from "../space/page-tree.ts";

/** The first byte at or after `position` that is no hole; undefined when there is none. */
export async function seekData(space: FilePages, position: ByteOffset, call: Call): Promise<ByteOffset | undefined> {
  const unsent = nextUnsent(space, position);
  if (unsent === position) return unsent;
  const stored = await space.core.store.seek(space.node, position, "data", call);
  if (stored === undefined) return unsent;
  return unsent === undefined ? stored : Math.min(stored, unsent);
}

/** The first position at or after `position` that lies in a hole or is the end; undefined behind the end. */
export async function seekHole(space: FilePages, position: ByteOffset, call: Call): Promise<ByteOffset | undefined> {
  if (space.dirtyBytes + space.unrescuedBytes === 0) return space.core.store.seek(space.node, position, "hole", call);
  for (let at = position; at < space.size; ) {
    const sentFrom = endOfUnsent(space, at);
    if (sentFrom >= space.size) break;
    // Behind the store's end everything is a hole that was not written here.
    const hole = (await space.core.store.seek(space.node, sentFrom, "hole", call)) ?? sentFrom;
    if (hole === sentFrom) return hole;
    at = hole;
  }
  return position < space.size ? (space.size as number) : undefined;
}

/** The first byte at or after `position` that is dirty, in flight, or refused and not rescued. */
function nextUnsent(space: FilePages, position: ByteOffset): ByteOffset | undefined {
  const { pageSize, pages } = space;
  const first = Math.floor(position / pageSize);
  let found: ByteOffset | undefined;
  for (const tag of [tags.dirty, tags.writeback] as const) {
    for (let page = pages.nextTagged(tag, first); page !== undefined; page = pages.nextTagged(tag, page.index + 1)) {
      const start = page.index * pageSize;
      const inPage = firstFrom(rangesOf(page, tag), position - start);
      if (inPage === undefined) continue;
      found = Math.min(found ?? Number.POSITIVE_INFINITY, start + inPage);
      break;
    }
  }
  if (space.unrescuedBytes > 0) return firstUnrescued(space, position, found);
  return found;
}

/** As `found`, or the first refused byte at or after `position` that is nowhere else, if that comes before. */
function firstUnrescued(space: FilePages, position: ByteOffset, found: ByteOffset | undefined): ByteOffset | undefined {
  let first = found;
  for (const { parts } of space.refusals) {
    for (const { page, shown } of parts) {
      const start = page.index * space.pageSize;
      const inPage = firstFrom(shown, position - start);
      if (inPage !== undefined) first = Math.min(first ?? Number.POSITIVE_INFINITY, start + inPage);
    }
  }
  return first;
}

/** The end of the unsent bytes that reach from `position` on without a gap. */
function endOfUnsent(space: FilePages, position: ByteOffset): ByteOffset {
  const { pageSize, pages } = space;
  let end = position;
  for (;;) {
    const page = pages.get(Math.floor(end / pageSize));
    if (page === undefined) return end;
    const start = page.index * pageSize;
    const next = start + endFrom(page.onlyHere, end - start);
    if (next === end) return end;
    end = next;
    if (end < start + pageSize) return end;
  }
}

function rangesOf(page: Page, tag: number): ByteRanges | undefined {
  return tag === tags.dirty ? page.dirty : page.sending?.ranges;
}

function firstFrom(ranges: ByteRanges | undefined, from: number): number | undefined {
  for (let range = 0; range < (ranges?.rangeCount ?? 0); range++) {
    const set = ranges as ByteRanges;
    if (set.end(range) > from) return Math.max(from, set.start(range));
  }
  return undefined;
}

/** The end of the range that holds `at`, or `at` when none does. */
function endFrom(ranges: ByteRanges, at: number): number {
  for (let range = 0; range < ranges.rangeCount; range++) {
    if (ranges.start(range) <= at && at < ranges.end(range)) return ranges.end(range);
  }
  return at;
}
