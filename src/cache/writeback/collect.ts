/** Collect: the store has answered a flight. What it took is clean; what it did not take is dirty again. */
import { type ByteRanges, type Failure, failureFrom } from "../../base/index.ts";
import type { Page, Sending } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";
import { noteLateChange, settlementOf } from "../space/late-answer.ts";
import { tags } from "../space/page-tree.ts";
import type { Flight } from "./flight.ts";
import type { Sent } from "./issue.ts";

/** Ends the flight; answers the failure that was recorded for it, if any. */
export function collectFlight(space: FilePages, flight: Flight, sent: Sent): Failure | undefined {
  const late = settlementOf(sent.failure);
  let taken = sent.byteCount;
  for (const page of flight.pages) {
    const sending = page.sending as Sending;
    const count = Math.min(taken, sending.ranges.byteCount);
    taken -= count;
    endSending(space, page, sending, afterFirst(sending.ranges, count), late);
  }
  if (sent.attributes !== undefined) space.adoptWritten(sent.attributes);
  space.noteProgress();
  space.core.frameMayBeFree();
  if (sent.failure === undefined) {
    space.failuresInARow = 0;
    space.retryAtMs = 0;
    return undefined;
  }
  const failure = failureFrom(sent.failure, { syscall: "write" });
  recordFailure(space, flight, failure, late);
  return failure;
}

function endSending(
  space: FilePages,
  page: Page,
  sending: Sending,
  unsent: ByteRanges,
  late: Promise<unknown> | undefined,
): void {
  page.sending = null;
  space.pages.clearTag(page.index, tags.writeback);
  space.flightChanged(-1, -sending.ranges.byteCount);
  if (!sending.frameAbandoned) releaseFrozenFrame(space, page, sending.frame, late);
  if (unsent.isEmpty) {
    page.transition("accepted");
    sending.record.releasePage();
  } else {
    redirty(space, page, sending, unsent);
  }
}

/** After a copy on write the frozen frame belongs to nobody any more; one that a late write may read is left to it. */
function releaseFrozenFrame(
  space: FilePages,
  page: Page,
  frozen: Uint8Array,
  late: Promise<unknown> | undefined,
): void {
  const copied = page.frame !== frozen;
  if (late === undefined) {
    if (copied) space.giveFrameOf(page, frozen);
    return;
  }
  const frame = space.core.pool.replace(late);
  if (copied) {
    space.core.pool.give(frame);
    return;
  }
  // A fill may be writing to the frozen frame just now; it copies what it brought over when it ends.
  frame.set(page.frame);
  page.frame = frame;
}

/** The unsent bytes join what was written meanwhile; newer bytes of the frame stand. */
function redirty(space: FilePages, page: Page, sending: Sending, unsent: ByteRanges): void {
  space.core.counters.redirtiedPages += 1;
  page.transition("failed");
  const before = page.dirty;
  page.dirty = before.union(unsent);
  if (before.isEmpty) {
    page.record = sending.record;
    space.pages.setTag(page.index, tags.dirty);
    space.dirtyPageAdded();
  } else {
    sending.record.releasePage();
  }
  space.dirtyBytesChanged(page.dirty.byteCount - before.byteCount);
}

/** The ranges without their first `count` bytes. */
function afterFirst(ranges: ByteRanges, count: number): ByteRanges {
  let rest = ranges;
  let left = count;
  while (left > 0 && !rest.isEmpty) {
    const start = rest.start(0);
    const length = Math.min(left, rest.end(0) - start);
    rest = rest.minus(start, start + length);
    left -= length;
  }
  return rest;
}

const retryDelayMsMin = 1_000;
const retryDelayMsMax = 30_000;

function recordFailure(space: FilePages, flight: Flight, failure: Failure, late: Promise<unknown> | undefined): void {
  const { clock, counters } = space.core;
  counters.storeWriteFailures += 1;
  space.errors.record(failure);
  space.retryAtMs =
    clock.nowMs() + Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** Math.min(space.failuresInARow, 10));
  space.failuresInARow += 1;
  if (late !== undefined) noteLateChange(space, late, (attributes) => space.adoptWritten(attributes));
  const first = flight.segments[0];
  const last = flight.segments.at(-1);
  if (first === undefined || last === undefined) return;
  space.observer.writebackFailed(failure, first.offset, last.offset + last.byteCount, flight.credential, "write");
}
