/**
 * Writing into the cache: plan, prepare, commit, a page at a time. What needs no waiting is done synchronously; the slow
 * way removes the obstacle that the plan named and goes on.
 */
import { assert, type ByteCount, type ByteOffset, byteOffsetMax, Failure } from "../../base/index.ts";
import type { Call, Credential } from "../../port/index.ts";
import { dropClean } from "../invalidate/drop-clean.ts";
import { pageUnlocked } from "../lock/page-lock.ts";
import type { Page } from "../page/page.ts";
import { fill } from "../read/fill.ts";
import { closedFailure } from "../space/cache-core.ts";
import type { FilePages } from "../space/file-pages.ts";
import { balanceDirty } from "../writeback/balance.ts";
import { writeEverything } from "../writeback/control.ts";
import { flightCollected } from "../writeback/flight.ts";
import { writebackPass } from "../writeback/pass.ts";
import { commitWrite } from "./commit.ts";
import { planWrite, type WriteVerdict } from "./plan.ts";

/** Writes all of `source` without waiting, or answers -1: then the slow way writes all of it, the part done here too. */
export function tryWrite(space: FilePages, position: ByteOffset, source: Uint8Array, credential: Credential): number {
  if (!mayWriteNow(space, position, source.length)) return -1;
  if (writeWithoutWaiting(space, position, source, credential, null) < source.length) return -1;
  noteDirtied(space, source.length);
  return source.length;
}

/** Whether a writer need not wait for the inode lock, nor be slowed on the way. */
export function mayWriteNow(space: FilePages, position: ByteOffset, length: ByteCount): boolean {
  if (space.inodeLock.isHeld || space.destroyed || space.stale || space.core.isClosed) return false;
  if (!isWritable(position, length)) return false;
  return space.core.ledger.heldBytes + length <= space.core.throttle.freerunBytes;
}

function isWritable(position: ByteOffset, length: ByteCount): boolean {
  return position >= 0 && position + length <= byteOffsetMax;
}

/** Books of a write that did not wait: the throttle's, and the flusher's beyond the background limit. */
export function noteDirtied(space: FilePages, byteCount: ByteCount): void {
  const { core } = space;
  const held = core.ledger.heldBytes;
  core.throttle.dirtied(space.throttledWriter, byteCount, held);
  if (held > core.options.dirtyBackgroundBytes) core.wakeFlusher("background");
}

/**
 * Copies as much as can be copied without waiting; answers how many bytes from the front that was. A frame that was waited
 * for stands in `spare` and is used first.
 */
function writeWithoutWaiting(
  space: FilePages,
  position: ByteOffset,
  source: Uint8Array,
  credential: Credential,
  spare: Uint8Array[] | null,
): number {
  const pageSize = space.pageSize;
  let done = 0;
  while (done < source.length) {
    const at = position + done;
    const index = Math.floor(at / pageSize);
    const start = at - index * pageSize;
    const end = Math.min(pageSize, start + source.length - done);
    const page = readyPage(space, index, start, end, credential, spare);
    if (page === undefined) break;
    const count = end - start;
    const piece = count === source.length ? source : source.subarray(done, done + count);
    page.frame.set(piece, start);
    const fileEnd = at + count;
    if (fileEnd > space.size) space.setSize(fileEnd);
    commitWrite(space, page, start, end, credential);
    space.visitedByWrite(page);
    done += count;
  }
  if (done > 0) {
    space.noteModified();
    space.core.counters.writes += 1;
    space.core.counters.writtenBytes += done;
  }
  return done;
}

/** The page with a frame that may be written now; undefined when something has to be waited for. */
function readyPage(
  space: FilePages,
  index: number,
  start: number,
  end: number,
  credential: Credential,
  spare: Uint8Array[] | null,
): Page | undefined {
  const page = space.pages.get(index);
  const verdict = planWrite(page, start, end, credential.id, space.core.options.writeInFlight);
  const { counters } = space.core;
  switch (verdict) {
    case "modify":
      counters.writeVerdicts.modify += 1;
      return page;
    case "create": {
      counters.writeVerdicts.create += 1;
      const frame = spare?.pop() ?? space.core.tryTakeFrame(start > 0 ? "piece" : "page");
      return frame === undefined ? undefined : space.insertPage(index, frame);
    }
    case "copyOnWrite": {
      counters.writeVerdicts.copyOnWrite += 1;
      assert(page !== undefined, "a page in flight exists");
      const frame = spare?.pop() ?? space.core.tryTakeFrame();
      if (frame === undefined) return undefined;
      page.copyTo(frame);
      space.core.counters.copiesOnWrite += 1;
      return page;
    }
    default:
      counters.writeVerdicts[verdict] += 1;
      return undefined;
  }
}

/** How much is written between two looks at the throttle, at most. */
const pieceBytesMax = 1024 * 1024;

/** Writes all of `source`, waiting as needed; the caller holds the inode lock. Answers how many bytes were written. */
export async function writeWaiting(
  space: FilePages,
  position: ByteOffset,
  source: Uint8Array,
  call: Call,
): Promise<number> {
  if (position < 0) throw new Failure("EINVAL", { syscall: "write" });
  if (!isWritable(position, source.length)) throw new Failure("EFBIG", { syscall: "write" });
  const { core, pageSize } = space;
  const pieceBytes = Math.max(pageSize, Math.min(pieceBytesMax, Math.floor(core.options.dirtyLimitBytes / 8)));
  const spare: Uint8Array[] = [];
  let done = 0;
  try {
    while (done < source.length) {
      // However many writers there are, together they pass the limit by one piece at most.
      while (core.ledger.heldBytes >= core.options.dirtyLimitBytes) await balanceDirty(space, 0, call.signal);
      requireTaking(space);
      const piece = source.subarray(done, done + pieceBytes);
      const count = writeWithoutWaiting(space, position + done, piece, call.credential, spare);
      done += count;
      giveBack(space, spare);
      if (count > 0) await balanceDirty(space, count, call.signal);
      if (count < piece.length) await removeObstacle(space, position + done, source.length - done, call, spare);
    }
  } catch (thrown) {
    if (done === 0) throw thrown;
  } finally {
    giveBack(space, spare);
  }
  return done;
}

/** Bytes are taken while there is a file for them, and somebody who will send them. */
function requireTaking(space: FilePages): void {
  if (space.core.isClosed) throw closedFailure("write");
  if (space.destroyed || space.stale) throw new Failure("ESTALE", { syscall: "write" });
}

/** A frame that was waited for but is not needed any more may be what somebody else waits for. */
function giveBack(space: FilePages, spare: Uint8Array[]): void {
  if (spare.length === 0) return;
  for (const frame of spare.splice(0)) space.core.pool.give(frame);
  space.core.frameMayBeFree();
}

async function removeObstacle(
  space: FilePages,
  at: ByteOffset,
  length: number,
  call: Call,
  spare: Uint8Array[],
): Promise<void> {
  const pageSize = space.pageSize;
  const index = Math.floor(at / pageSize);
  const pageStart = index * pageSize;
  const start = at - pageStart;
  const end = Math.min(pageSize, start + length);
  const page = space.pages.get(index);
  const verdict: WriteVerdict = planWrite(page, start, end, call.credential.id, space.core.options.writeInFlight);
  switch (verdict) {
    case "modify":
      return;
    case "create":
    case "copyOnWrite":
      // The page may have changed when the frame comes, so the plan is made anew.
      spare.push(await space.core.takeFrame("write", call.signal));
      return;
    case "waitForFill":
      assert(page !== undefined, "a locked page exists");
      return pageUnlocked(page, call.signal);
    case "waitForFlight":
      assert(page !== undefined, "a page in flight exists");
      // Beneath refused bytes that have just left lie others of their record, until the pass that settles them has come to them.
      if (page.sending === null) return passEnded(space, call);
      return flightCollected(page.sending, call.signal);
    case "flushConflict":
    case "flushFragments":
      if (verdict === "flushConflict") page?.record?.advance("conflict");
      return flushPage(space, pageStart, call);
    case "fillFirst":
      return joinPieces(space, page, pageStart, call);
  }
}

/**
 * A page whose valid bytes are in many pieces becomes whole. A write needs no read (G3): where the store does not let the
 * writer read, or fails to, the clean pieces go instead.
 */
async function joinPieces(space: FilePages, page: Page | undefined, pageStart: ByteOffset, call: Call): Promise<void> {
  const pageEnd = pageStart + space.pageSize;
  const before = page?.valid;
  try {
    await fill(space, pageStart, pageEnd, call, null);
  } catch (thrown) {
    if (call.signal.aborted) throw thrown;
    dropClean(space, pageStart, pageEnd);
    if (page?.valid === before) throw thrown;
  }
}

/** Waits until the pass that is under way has ended. */
async function passEnded(space: FilePages, call: Call): Promise<void> {
  await using _order = await space.writebackLock.acquire(call.signal);
}

/**
 * Writes one page back. A failure that leaves it dirty is the writer's to hear, or it would try for ever; refused bytes have
 * left by then and are in nobody's way (S0.R9).
 */
async function flushPage(space: FilePages, pageStart: ByteOffset, call: Call): Promise<void> {
  const control = writeEverything("conflict", pageStart, pageStart + space.pageSize);
  const result = await writebackPass(space, control, call.signal);
  if (result.failure !== undefined) throw result.failure;
}
