/**
 * One pass of write-back over one file: select, coalesce, issue, collect, until the control is satisfied. Passes over a
 * file follow each other under its write-back lock, so a page has at most one write in flight and the store never sees a
 * newer version before an older one. Within a pass as many flights are under way as the store's manifest allows.
 */
import { type CancelSignal, Failure } from "../../base/index.ts";
import { interruptible } from "../lock/interruptible.ts";
import { asTask } from "../lock/lock-witness.ts";
import { neverCancelled } from "../lock/never-cancelled.ts";
import { pageUnlocked } from "../lock/page-lock.ts";
import type { FilePages } from "../space/file-pages.ts";
import { lateChangeFailure, lateChangesEnded } from "../space/late-answer.ts";
import { tags } from "../space/page-tree.ts";
import { coalesce } from "./coalesce.ts";
import { collectFlight } from "./collect.ts";
import type { WritebackControl } from "./control.ts";
import { asFlight, flightCollected } from "./flight.ts";
import { issueFlight, sendFlight } from "./issue.ts";
import { firstPage, lastPage, obstacleTo, tagForPass, walkedTag } from "./select.ts";

/** What a pass did. A failure has been recorded in the space's error sequence already. */
export interface PassResult {
  byteCount: number;
  pagesSkipped: number;
  failure: Failure | undefined;
}

/**
 * Runs one pass; rejects only with EINTR, when the signal fires. What is in flight then lands without the caller, and the
 * pass keeps its lock until it has.
 */
export function writebackPass(
  space: FilePages,
  control: WritebackControl,
  signal: CancelSignal = neverCancelled,
): Promise<PassResult> {
  if (signal.aborted) return Promise.reject(new Failure("EINTR", { syscall: "fsync" }));
  const pass = asTask("write-back pass", () => runPass(space, control, signal));
  return signal === neverCancelled ? pass : interruptible(pass, signal);
}

async function runPass(space: FilePages, control: WritebackControl, signal: CancelSignal): Promise<PassResult> {
  const result: PassResult = { byteCount: 0, pagesSkipped: 0, failure: undefined };
  if (control.syncMode === "none" && !space.hasDirtyPages) return result;
  await using _order = await space.writebackLock.acquire(signal);
  if (space.destroyed) return result;
  space.core.counters.passes[control.reason] += 1;
  if (space.lateChanges !== null && !(await mayGoOn(space, control, result, signal))) return result;
  tagForPass(space, control);
  const flights = new Set<Promise<void>>();
  try {
    await walk(space, control, result, flights, signal);
  } finally {
    await Promise.all(flights);
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
  /** A credential that was refused: the rest of its pages need not be tried in this pass. */
  let refused: string | undefined;
  let storeFailed = false;
  while (result.byteCount < control.bytesMax && !storeFailed) {
    if (signal.aborted) throw new Failure("EINTR", { syscall: "fsync" });
    const page = space.pages.nextTagged(tag, index);
    if (page === undefined || page.index > last) return;
    const obstacle = page.record?.credential.id === refused ? "refused" : obstacleTo(page, control);
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
      const failure = collectFlight(space, flight, sent);
      if (failure !== undefined) {
        refused = flight.credential.id;
        storeFailed ||= concernsStore(failure);
        result.failure ??= failure;
      }
      flights.delete(flown);
    }).finally(landed);
    flights.add(flown);
    if (flights.size >= flightsMax) await Promise.race(flights);
  }
}

/** A refusal concerns one credential; any other failure concerns the store, and the rest of the pass would fail too. */
function concernsStore(failure: Failure): boolean {
  return failure.code !== "EACCES" && failure.code !== "EPERM" && !failure.code.startsWith("EKEY");
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
  space.errors.record(result.failure);
  const first = space.pages.nextTagged(tags.dirty, firstPage(space, control));
  if (first?.record != null) {
    const start = first.index * space.pageSize;
    space.observer.writebackFailed(result.failure, start, space.size as number, first.record.credential, "write");
  }
  return false;
}
