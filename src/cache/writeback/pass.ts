/**
 * One pass of write-back over one file: select, coalesce, issue, collect, until the control is satisfied. Passes over a
 * file follow each other under its write-back lock, so a page has at most one write in flight and the store never sees a
 * newer version before an older one. Within a pass as many flights are under way as the store's manifest allows. What the
 * store refused is settled before the pass lets the lock go, so that whoever waited for the pass finds it rescued and told.
 */
import { type CancelSignal, Failure, neverFires } from "../../base/index.ts";
import { noticeOthers } from "../invalidate/others.ts";
import { interruptible } from "../lock/interruptible.ts";
import { asTask } from "../lock/lock-witness.ts";
import { pageUnlocked } from "../lock/page-lock.ts";
import { isRescueDue, retryRescue, settleRefusals } from "../refusal/settle.ts";
import type { FilePages } from "../space/file-pages.ts";
import { lateChangeFailure, lateChangesEnded } from "../space/late-answer.ts";
import { tags } from "../space/page-tree.ts";
import { coalesce } from "./coalesce.ts";
import { collectFlight, type Landing } from "./collect.ts";
import type { WritebackControl } from "./control.ts";
import { asFlight, flightCollected } from "./flight.ts";
import { issueFlight, sendFlight } from "./issue.ts";
import { firstPage, lastPage, obstacleTo, tagForPass, walkedTag } from "./select.ts";

/** What a pass did. */
export interface PassResult {
  byteCount: number;
  pagesSkipped: number;
  /** What kept bytes dirty. Refused bytes are not: they have left, and the error sequence has their failure. */
  failure: Failure | undefined;
}

/**
 * Runs one pass; rejects only with EINTR, when the signal fires. What is in flight then lands without the caller, and the
 * pass keeps its lock until it has.
 */
export function writebackPass(
  space: FilePages,
  control: WritebackControl,
  signal: CancelSignal = neverFires,
): Promise<PassResult> {
  if (signal.aborted) return Promise.reject(new Failure("EINTR", { syscall: "fsync" }));
  const pass = asTask("write-back pass", () => runPass(space, control, signal));
  return signal === neverFires ? pass : interruptible(pass, signal);
}

async function runPass(space: FilePages, control: WritebackControl, signal: CancelSignal): Promise<PassResult> {
  const result: PassResult = { byteCount: 0, pagesSkipped: 0, failure: undefined };
  if (control.syncMode === "none" && !space.hasDirtyPages && !isRescueDue(space)) return result;
  await using _order = await space.writebackLock.acquire(signal);
  if (space.destroyed) return result;
  space.core.counters.passes[control.reason] += 1;
  if (control.syncMode === "all" || isRescueDue(space)) await retryRescue(space);
  if (space.lateChanges !== null && !(await mayGoOn(space, control, result, signal))) return result;
  tagForPass(space, control);
  const flights = new Set<Promise<void>>();
  try {
    await walk(space, control, result, flights, signal);
  } finally {
    await Promise.all(flights);
    noticeOthers(space);
    await settleRefusals(space);
  }
  return result;
}

async function walk(
  space: FilePages,
  control: WritebackControl,
  result: PassResult,
  flights: Set<Promise<void>>,
  signal: CancelSignal,
): Promise<void> {
  const tag = walkedTag(control);
  const last = lastPage(space, control);
  const flightsMax = Math.max(1, space.core.store.manifest.parallelWrites);
  let index = firstPage(space, control);
  /** A credential whose bytes are kept dirty: the rest of its pages need not be tried in this pass. */
  let refused: string | undefined;
  let isOver = false;
  while (result.byteCount < control.bytesMax && !isOver) {
    if (signal.aborted) throw new Failure("EINTR", { syscall: "fsync" });
    const page = space.pages.nextTagged(tag, index);
    if (page === undefined || page.index > last) return;
    const isRefused = page.record?.credential.id === refused || page.record?.state === "rejected";
    const obstacle = isRefused ? "refused" : obstacleTo(page, control);
    if (obstacle !== undefined) {
      if (control.syncMode === "none" || obstacle === "young" || obstacle === "refused") {
        result.pagesSkipped += 1;
        index = page.index + 1;
      } else {
        await (page.sending === null ? pageUnlocked(page, signal) : flightCollected(page.sending, signal));
        index = page.index;
      }
      continue;
    }
    const flight = coalesce(space, page, control);
    index = page.index + flight.pages.length;
    result.byteCount += flight.byteCount;
    let landed = (): void => undefined;
    const collected = new Promise<void>((resolve) => {
      landed = resolve;
    });
    issueFlight(space, flight, collected);
    const flown = asFlight(collected, async () => {
      const sent = await sendFlight(space, flight);
      const landing = collectFlight(space, flight, sent, control);
      flights.delete(flown);
      if (landing === undefined) return;
      isOver ||= endsPass(landing);
      if (landing.verdict.outcome === "refuse") return;
      refused = flight.record.credential.id;
      result.failure ??= landing.failure;
    }).finally(landed);
    flights.add(flown);
    if (flights.size >= flightsMax) await Promise.race(flights);
  }
}

/**
 * Refused bytes do not keep others, unless the file is gone. Where bytes stay dirty, a lack of permission concerns their
 * credential; anything else concerns the store, and the rest of the pass would fail alike.
 */
function endsPass({ verdict }: Landing): boolean {
  if (verdict.outcome === "refuse") return verdict.refusalClass === "gone";
  return verdict.refusalClass !== "permission";
}

/** Nothing newer may be sent before late changes have ended: a pass for integrity waits a while, any other skips the file. */
async function mayGoOn(
  space: FilePages,
  control: WritebackControl,
  result: PassResult,
  signal: CancelSignal,
): Promise<boolean> {
  if (control.syncMode === "none") return false;
  if (await lateChangesEnded(space, signal)) return true;
  result.failure = lateChangeFailure("write");
  const first = space.pages.nextTagged(tags.dirty, firstPage(space, control));
  if (first?.record == null) return false;
  space.tellFailure({
    failure: result.failure,
    operation: "write",
    refusalClass: "transient",
    outcome: "keptDirty",
    credential: first.record.credential,
    ranges: [{ start: first.index * space.pageSize, end: space.size as number }],
    mayHaveBeenRead: space.readCount > first.record.readCount,
  });
  return false;
}
