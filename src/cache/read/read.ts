/**
 * Reading from the cache. A hit is synchronous: it copies valid bytes out of page frames, or answers with views of them. A
 * miss decides with the handle's read-ahead how much to bring in, fills it, and goes on where it was.
 *
 * A reader may meet a write half done: old and new bytes mix, but every byte was somebody's (S1.3).
 */
import type { ByteCount, ByteOffset } from "../../base/index.ts";
import type { Call, Credential } from "../../port/index.ts";
import type { FilePages } from "../space/file-pages.ts";
import { fill, fillAhead, type HeldPages, hold, releaseHeld } from "./fill.ts";
import { fillNow } from "./fill-now.ts";
import type { FrameRun } from "./frame-run.ts";
import type { Readahead } from "./readahead.ts";

/** A random read brings in whole pieces of this size, not whole pages. */
const sectorBytes = 4096;

/** Copies from the cache; answers the bytes read, 0 at the end of the file, or -1 when some are not there. */
export function tryRead(
  space: FilePages,
  position: ByteOffset,
  target: Uint8Array,
  readahead: Readahead,
  credential: Credential,
): number {
  const wanted = Math.min(target.length, space.size - position);
  if (wanted <= 0) return 0;
  if (copyCached(space, position, target, 0, wanted, readahead) === wanted) {
    space.core.counters.readHits += 1;
  } else {
    if (!bringInNow(space, position, wanted, readahead, credential, null)) return -1;
    if (copyCached(space, position, target, 0, wanted, readahead) < wanted) return -1;
  }
  space.core.counters.readBytes += wanted;
  finishRead(space, position, wanted, readahead, credential, null);
  return wanted;
}

/** Copies cached bytes from `position` on into the target from `from` up to `to`; answers how many there were. */
function copyCached(
  space: FilePages,
  position: ByteOffset,
  target: Uint8Array,
  from: number,
  to: number,
  readahead: Readahead,
): number {
  const pageSize = space.pageSize;
  let at = from;
  while (at < to) {
    const offset = position + at - from;
    const index = Math.floor(offset / pageSize);
    const page = space.pages.get(index);
    if (page === undefined) break;
    const start = offset - index * pageSize;
    const end = Math.min(pageSize, start + to - at);
    if (!page.valid.covers(start, end)) break;
    const whole = end - start === pageSize;
    target.set(whole ? page.frame : page.frame.subarray(start, end), at);
    if (index !== readahead.previousPage) space.core.eviction.accessed(page);
    at += end - start;
  }
  return at - from;
}

/** Reads all that is wanted, bringing in what is missing. */
export async function readWaiting(
  space: FilePages,
  position: ByteOffset,
  target: Uint8Array,
  readahead: Readahead,
  call: Call,
): Promise<number> {
  const held: HeldPages = [];
  let done = 0;
  space.core.counters.readMisses += 1;
  try {
    for (;;) {
      const wanted = Math.min(target.length, space.size - position);
      if (done >= wanted) break;
      done += copyCached(space, position + done, target, done, wanted, readahead);
      releaseHeld(held);
      if (done >= wanted) break;
      await bringIn(space, position + done, wanted - done, readahead, call, held);
    }
  } finally {
    releaseHeld(held);
  }
  space.core.counters.readBytes += done;
  if (done > 0) finishRead(space, position, done, readahead, call.credential, null);
  return done;
}

/** Answers with views of frames; false when not all bytes are there. */
export function tryReadFrames(
  space: FilePages,
  position: ByteOffset,
  length: ByteCount,
  readahead: Readahead,
  into: FrameRun,
  credential: Credential,
): boolean {
  const wanted = Math.min(length, space.size - position);
  if (wanted <= 0) return true;
  if (viewCached(space, position, wanted, readahead, into)) {
    space.core.counters.readHits += 1;
  } else {
    if (!bringInNow(space, position, wanted, readahead, credential, into)) return false;
    if (!viewCached(space, position, wanted, readahead, into)) return false;
  }
  space.core.counters.readBytes += wanted;
  finishRead(space, position, wanted, readahead, credential, into);
  return true;
}

/** Adds views of all cached bytes of a range, or of none when some are missing. */
function viewCached(
  space: FilePages,
  position: ByteOffset,
  wanted: ByteCount,
  readahead: Readahead,
  into: FrameRun,
): boolean {
  const pageSize = space.pageSize;
  for (let done = 0; done < wanted; ) {
    const index = Math.floor((position + done) / pageSize);
    const page = space.pages.get(index);
    const start = position + done - index * pageSize;
    const end = Math.min(pageSize, start + wanted - done);
    if (page === undefined || !page.valid.covers(start, end)) {
      into.release();
      return false;
    }
    into.add(end - start === pageSize ? page.frame : page.frame.subarray(start, end));
    if (index !== readahead.previousPage) space.core.eviction.accessed(page);
    done += end - start;
  }
  return true;
}

/** As `tryReadFrames`, bringing in what is missing; where memory is too short for that, the bytes are copied. */
export async function readFramesWaiting(
  space: FilePages,
  position: ByteOffset,
  length: ByteCount,
  readahead: Readahead,
  into: FrameRun,
  call: Call,
): Promise<void> {
  const wanted = Math.min(length, space.size - position);
  if (wanted <= 0) return;
  if (wanted <= heldBytesMax(space)) {
    space.core.counters.readMisses += 1;
    const held: HeldPages = [];
    let whole = false;
    try {
      await bringIn(space, position, wanted, readahead, call, held);
      whole = tryReadFrames(space, position, wanted, readahead, into, call.credential);
      // What was brought in may have been dropped and brought in again by others meanwhile.
      if (whole) holdViewed(space, position, wanted, into.held);
    } finally {
      releaseHeld(held);
    }
    if (whole) return;
  }
  const copy = new Uint8Array(wanted);
  const count = await readWaiting(space, position, copy, readahead, call);
  into.add(copy.subarray(0, count));
}

function holdViewed(space: FilePages, position: ByteOffset, length: ByteCount, held: HeldPages): void {
  for (let index = Math.floor(position / space.pageSize); index * space.pageSize < position + length; index++) {
    const page = space.pages.get(index);
    if (page !== undefined) hold(page, held);
  }
}

/** One reader holds no more than this, so that many can be served from a small budget. */
function heldBytesMax(space: FilePages): ByteCount {
  return Math.max(space.pageSize, (space.core.pool.frameCountMax * space.pageSize) / 8);
}

/** Fills what the reader waits for, and starts what read-ahead adds. */
async function bringIn(
  space: FilePages,
  position: ByteOffset,
  length: ByteCount,
  readahead: Readahead,
  call: Call,
  held: HeldPages,
): Promise<void> {
  const { start, end, aheadEnd } = planMiss(space, position, length, readahead);
  const filled = fill(space, start, end, call, held);
  startAhead(space, end, aheadEnd, call.credential, null);
  await filled;
}

/** As `bringIn`, in this turn or not at all. */
function bringInNow(
  space: FilePages,
  position: ByteOffset,
  length: ByteCount,
  readahead: Readahead,
  credential: Credential,
  run: FrameRun | null,
): boolean {
  if (space.core.store.tryRead === undefined || length > heldBytesMax(space)) return false;
  const { start, end, aheadEnd } = planMiss(space, position, length, readahead);
  if (!fillNow(space, start, end, credential)) return false;
  startAhead(space, end, aheadEnd, credential, run);
  space.core.counters.readMisses += 1;
  return true;
}

/** What a miss reads: [start, end) is waited for, the rest up to `aheadEnd` is read ahead. */
function planMiss(
  space: FilePages,
  position: ByteOffset,
  length: ByteCount,
  readahead: Readahead,
): { start: ByteOffset; end: ByteOffset; aheadEnd: ByteOffset } {
  const pageSize = space.pageSize;
  const count = Math.min(length, heldBytesMax(space));
  const firstPage = Math.floor(position / pageSize);
  const pageCount = Math.floor((position + count - 1) / pageSize) - firstPage + 1;
  readahead.missed(firstPage, pageCount, space);
  const asIs = readahead.markerPage < 0;
  const grain = asIs ? Math.min(sectorBytes, pageSize) : pageSize;
  const start = Math.floor(position / grain) * grain;
  const end = Math.ceil((position + count) / grain) * grain;
  return { start, end, aheadEnd: asIs ? end : (readahead.readFirst + readahead.readCount) * pageSize };
}

/** Reads ahead: at once, or when the reader has its answer, so that nobody waits and no frame that it looks at is taken. */
function startAhead(
  space: FilePages,
  from: ByteOffset,
  to: ByteOffset,
  credential: Credential,
  run: FrameRun | null,
): void {
  const end = Math.min(to, Math.ceil(space.size / space.pageSize) * space.pageSize);
  if (from >= end) return;
  space.core.counters.readaheadBytes += end - from;
  if (run === null) readAhead(space, from, end, credential);
  else run.whenReleased(() => readAhead(space, from, end, credential));
}

function readAhead(space: FilePages, from: ByteOffset, end: ByteOffset, credential: Credential): void {
  if (end - from <= heldBytesMax(space) && fillNow(space, from, end, credential)) return;
  fillAhead(space, from, end, credential);
}

function finishRead(
  space: FilePages,
  position: ByteOffset,
  count: ByteCount,
  readahead: Readahead,
  credential: Credential,
  run: FrameRun | null,
): void {
  const firstPage = Math.floor(position / space.pageSize);
  const lastPage = Math.floor((position + count - 1) / space.pageSize);
  const pageCount = lastPage - firstPage + 1;
  if (readahead.reaches(firstPage, pageCount)) {
    const marker = readahead.start + readahead.size - readahead.asyncSize;
    if (readahead.reached(marker, pageCount, space)) {
      const from = readahead.readFirst * space.pageSize;
      startAhead(space, from, from + readahead.readCount * space.pageSize, credential, run);
    }
  }
  readahead.visited(lastPage);
}
