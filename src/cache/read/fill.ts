/**
 * Filling: bytes of a file that the cache does not have are read from the store into page frames. Only bytes that are not
 * valid are asked for and written to, so a fill never disturbs what was written locally, nor bytes in flight.
 *
 * A page is locked from the time it is gathered until its bytes have arrived; pages are gathered in ascending index. A fill
 * waits for a frame, or for another fill's page, only while it has gathered nothing, so two fills never wait for each other.
 */
import { type ByteOffset, Failure } from "../../base/index.ts";
import type { Call, Credential } from "../../port/index.ts";
import { interruptible } from "../lock/interruptible.ts";
import { asFreeTask, asTask } from "../lock/lock-witness.ts";
import { lockPage, pageUnlocked, unlockPage } from "../lock/page-lock.ts";
import type { Page } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";
import { FillBatch } from "./fill-batch.ts";

/** Pages that a reader must find again: held until it has copied from them. */
export type HeldPages = Page[];

/**
 * Makes bytes [start, end) valid, as far as memory allows: it stops early rather than wait for a frame while it has pages
 * gathered or held. With `held`, every page of the range is held for the caller, who releases it, also after a failure.
 * Rejects with the failure of the first read that failed, or with EINTR when the call's signal fires; the reads themselves
 * go on then.
 */
export function fill(
  space: FilePages,
  start: ByteOffset,
  end: ByteOffset,
  call: Call,
  held: HeldPages | null,
): Promise<void> {
  if (call.signal.aborted) return Promise.reject(new Failure("EINTR", { syscall: "read" }));
  const filled = asTask("fill", () => fillSharing(space, start, end, call, held));
  return interruptible(filled, call.signal);
}

/** Shares the lock until the last read has landed, though the reader may have gone: truncate must not meet a fill. */
async function fillSharing(
  space: FilePages,
  start: ByteOffset,
  end: ByteOffset,
  call: Call,
  held: HeldPages | null,
): Promise<void> {
  await using _shared = space.invalidateLock.tryShare() ?? (await space.invalidateLock.acquireShared(call.signal));
  const reads: Promise<void>[] = [];
  try {
    await gatherRange(space, start, end, call, held, reads);
  } finally {
    await Promise.allSettled(reads);
  }
  await Promise.all(reads);
}

async function gatherRange(
  space: FilePages,
  start: ByteOffset,
  end: ByteOffset,
  call: Call,
  held: HeldPages | null,
  reads: Promise<void>[],
): Promise<void> {
  const batch = new FillBatch(space, call.credential);
  try {
    for (let index = Math.floor(start / space.pageSize); index * space.pageSize < end; ) {
      const mayWait = batch.isEmpty && (held === null || held.length === 0);
      requireWanted(space, call);
      let page = space.pages.get(index);
      if (page?.locked === true) {
        if (!batch.isEmpty) reads.push(batch.submit());
        await pageUnlocked(page, call.signal);
        continue;
      }
      if (page === undefined || page.hidesUnrescued) {
        const frame =
          space.core.tryTakeFrame() ?? (mayWait ? await space.core.takeFrame("read", call.signal) : undefined);
        if (frame === undefined) break;
        if (call.signal.aborted) {
          giveBack(space, frame);
          continue;
        }
        page = pageWithFrame(space, index, frame);
        if (page.locked) continue;
      }
      if (held !== null) hold(page, held);
      gather(space, page, start, end, batch, reads);
      index += 1;
    }
  } finally {
    if (!batch.isEmpty) reads.push(batch.submit());
  }
}

/** Nothing is gathered for a reader who has gone, nor for a file that was destroyed while he waited. */
function requireWanted(space: FilePages, call: Call): void {
  if (call.signal.aborted) throw new Failure("EINTR", { syscall: "read" });
  if (space.destroyed) throw new Failure("ESTALE", { syscall: "read" });
}

/** Reads ahead: as `fill`, but it never waits for memory or locks, and its failures concern nobody. */
export function fillAhead(space: FilePages, start: ByteOffset, end: ByteOffset, credential: Credential): void {
  if (!space.invalidateLock.admitsSharing || space.destroyed) return;
  void asFreeTask("read-ahead", () => fillAheadSharing(space, start, end, credential));
}

/** Gathers in this turn, and keeps truncate and punch out until read-ahead has landed. */
async function fillAheadSharing(
  space: FilePages,
  start: ByteOffset,
  end: ByteOffset,
  credential: Credential,
): Promise<void> {
  await using _shared = space.invalidateLock.tryShare();
  await Promise.allSettled(gatherAhead(space, start, end, credential));
}

function gatherAhead(space: FilePages, start: ByteOffset, end: ByteOffset, credential: Credential): Promise<void>[] {
  const batch = new FillBatch(space, credential);
  const reads: Promise<void>[] = [];
  for (let index = Math.floor(start / space.pageSize); index * space.pageSize < end; index++) {
    let page = space.pages.get(index);
    if (page?.locked === true) continue;
    if (page === undefined || page.hidesUnrescued) {
      const frame = space.core.tryTakeFrame();
      if (frame === undefined) break;
      page = pageWithFrame(space, index, frame);
    }
    gather(space, page, start, end, batch, reads);
  }
  if (!batch.isEmpty) reads.push(batch.submit());
  return reads;
}

/** The page in this frame: a new one, or one whose own frame must not be written to; any other does not need it. */
export function pageWithFrame(space: FilePages, index: number, frame: Uint8Array): Page {
  const present = space.pages.get(index);
  if (present === undefined) return space.insertPage(index, frame);
  if (present.hidesUnrescued && !present.locked) {
    space.core.counters.copiesOnWrite += 1;
    present.copyTo(frame);
  } else {
    giveBack(space, frame);
  }
  return present;
}

/** A frame that is not needed after all may be what somebody else waits for. */
function giveBack(space: FilePages, frame: Uint8Array): void {
  space.core.pool.give(frame);
  space.core.frameMayBeFree();
}

export function hold(page: Page, held: HeldPages): void {
  page.hold();
  held.push(page);
}

export function releaseHeld(held: HeldPages): void {
  for (const page of held) page.release();
  held.length = 0;
}

function gather(
  space: FilePages,
  page: Page,
  start: ByteOffset,
  end: ByteOffset,
  batch: FillBatch,
  reads: Promise<void>[],
): void {
  const pageStart = page.index * space.pageSize;
  const from = Math.max(0, start - pageStart);
  const to = Math.min(space.pageSize, end - pageStart);
  if (page.valid.covers(from, to)) return;
  const gaps = page.valid.gaps(from, to);
  lockPage(page);
  if (pageStart + from >= space.storeSize) {
    for (let range = 0; range < gaps.rangeCount; range++) page.frame.fill(0, gaps.start(range), gaps.end(range));
    page.valid = page.valid.plus(from, to);
    page.transition("filled");
    unlockPage(page);
    return;
  }
  if (!batch.accepts(gaps)) reads.push(batch.submit());
  batch.add(page, gaps);
}
