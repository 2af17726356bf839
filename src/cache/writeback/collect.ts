/**
 * Collect: the store has answered a flight. What it took is clean. What it did not take is dirty again, or refused: then it
 * stays in flight, as a part of a refusal that the pass settles.
 */
import { type ByteRanges, type Failure, failureFrom } from "../../base/index.ts";
import type { RefusalClass } from "../../port/index.ts";
import { dropClean } from "../invalidate/drop-clean.ts";
import { doubt } from "../invalidate/start-over.ts";
import type { Page, Sending } from "../page/page.ts";
import { classify, passesByItself } from "../refusal/classify.ts";
import { judge, type RefusalVerdict } from "../refusal/policy.ts";
import { holdRefused, refusalFor, refuseRecord } from "../refusal/refuse.ts";
import type { FilePages } from "../space/file-pages.ts";
import { noteLateChange, settlementOf } from "../space/late-answer.ts";
import { tags } from "../space/page-tree.ts";
import type { WritebackControl } from "./control.ts";
import type { Flight } from "./flight.ts";
import type { Sent } from "./issue.ts";
import { endSending, releaseFrozenFrame } from "./land.ts";

/** What came of a flight: the failure that stopped it, and what that means for its bytes. */
export interface Landing {
  readonly failure: Failure;
  readonly verdict: RefusalVerdict;
}

/** Ends the flight; answers what stopped it, if anything did. */
export function collectFlight(
  space: FilePages,
  flight: Flight,
  sent: Sent,
  control: WritebackControl,
): Landing | undefined {
  if (sent.attributes !== undefined) space.adoptWritten(sent.attributes);
  const landing = sent.failure === undefined ? undefined : landingOf(space, flight, sent.failure);
  const late = settlementOf(sent.failure);
  let taken = sent.byteCount;
  const refused: Page[] = [];
  for (const page of flight.pages) {
    const { ranges } = page.sending as Sending;
    const unsent = afterFirst(ranges, taken);
    taken -= ranges.byteCount - unsent.byteCount;
    if (unsent.isEmpty) land(space, page);
    else if (landing?.verdict.outcome === "refuse") refused.push(keepOnly(space, page, unsent));
    else redirty(space, page, unsent, late);
  }
  if (sent.hasOverwritten) dropClean(space, flight.segments[0]?.offset ?? 0, endOf(flight));
  if (late !== undefined) {
    const { restartCount } = space.trail;
    noteLateChange(space, late, (changed) => {
      space.trail.stepLate(changed, restartCount);
      space.adoptWritten(changed);
      // The store has bytes after all that had left: what was read in their place meanwhile is not the file.
      if (!isStillDirty(space, flight)) doubt(space);
    });
  }
  if (landing === undefined) {
    space.failuresInARow = 0;
    space.retryAtMs = 0;
    space.standingFailure = undefined;
  } else if (landing.verdict.outcome === "refuse") {
    const cause = { failure: landing.failure, ...landing.verdict };
    const refusal = refusalFor(space, flight.record, cause);
    for (const page of refused) holdRefused(page, refusal, late);
    refuseRecord(space, flight.record, refusal);
  } else {
    keptDirty(space, flight, landing.failure, landing.verdict.refusalClass, control);
  }
  space.noteProgress();
  space.core.frameMayBeFree();
  return landing;
}

/**
 * A record that was refused before takes all of its flights along (S0.9). What may still be done by a store that is late is
 * sent again and not refused: it might be accepted and refused at once.
 */
function landingOf(space: FilePages, { record }: Flight, thrown: unknown): Landing {
  const failure = failureFrom(thrown, { syscall: "write" });
  const refusalClass = classify(failure);
  const standing = record.refusal;
  if (standing !== null) return { failure, verdict: { ...standing, outcome: "refuse" } };
  if (settlementOf(thrown) !== undefined) return { failure, verdict: { outcome: "keepDirty", refusalClass } };
  const nowMs = space.core.clock.nowMs();
  record.failingSinceMs ??= nowMs;
  return { failure, verdict: judge(space.core.options, refusalClass, nowMs - record.failingSinceMs) };
}

/** Whether what the flight was to send is to be sent again, and nothing of it was refused, discarded or taken meanwhile. */
function isStillDirty(space: FilePages, { segments }: Flight): boolean {
  const { pages, pageSize } = space;
  for (const { offset, byteCount } of segments) {
    const end = offset + byteCount;
    for (let at = offset as number; at < end; ) {
      const index = Math.floor(at / pageSize);
      const start = index * pageSize;
      const to = Math.min(end, start + pageSize);
      if (pages.get(index)?.dirty.covers(at - start, to - start) !== true) return false;
      at = to;
    }
  }
  return true;
}

function land(space: FilePages, page: Page): void {
  const sending = endSending(space, page);
  releaseFrozenFrame(space, page, sending, undefined);
  page.transition("accepted");
  sending.record.releasePage();
}

/** The page stays in flight with the bytes that were not taken. */
function keepOnly(space: FilePages, page: Page, unsent: ByteRanges): Page {
  const sending = page.sending as Sending;
  space.flightChanged(0, unsent.byteCount - sending.ranges.byteCount);
  sending.ranges = unsent;
  return page;
}

/** The unsent bytes join what was written meanwhile; newer bytes of the frame stand. */
function redirty(space: FilePages, page: Page, unsent: ByteRanges, late: Promise<unknown> | undefined): void {
  const sending = endSending(space, page);
  releaseFrozenFrame(space, page, sending, late);
  space.core.counters.redirtiedPages += 1;
  page.transition("failed");
  const before = page.dirty;
  page.dirty = before.union(unsent);
  if (before.isEmpty) {
    page.record = sending.record;
    space.pages.setTag(page.index, tags.dirty);
    space.dirtyPageAdded();
  } else {
    page.record?.inherit(sending.record);
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

/**
 * The file is left alone for a while. The failure is told to whoever waits for the pass; when nobody does, only a store that
 * said no is worth telling, and only when it begins to.
 */
function keptDirty(
  space: FilePages,
  flight: Flight,
  failure: Failure,
  refusalClass: RefusalClass,
  control: WritebackControl,
): void {
  const { clock, counters } = space.core;
  counters.storeWriteFailures += 1;
  space.retryAtMs =
    clock.nowMs() + Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** Math.min(space.failuresInARow, 10));
  space.failuresInARow += 1;
  const isNews = !passesByItself(refusalClass) && space.standingFailure?.code !== failure.code;
  space.standingFailure = failure;
  if (!isNews && control.syncMode === "none") return;
  space.tellFailure({
    failure,
    operation: "write",
    refusalClass,
    outcome: "keptDirty",
    credential: flight.record.credential,
    ranges: [{ start: flight.segments[0]?.offset ?? 0, end: endOf(flight) }],
    mayHaveBeenRead: space.readCount > flight.record.readCount,
  });
}

function endOf({ segments }: Flight): number {
  const last = segments.at(-1);
  return last === undefined ? 0 : last.offset + last.byteCount;
}
