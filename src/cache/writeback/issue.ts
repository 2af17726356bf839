/** Issue: the pages of a flight become in flight and clean, their frames frozen, and their bytes go to the store. */
import { assert, type ByteCount, Failure, neverFires } from "../../base/index.ts";
import type { Attributes } from "../../port/index.ts";
import type { Page } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";
import { tags } from "../space/page-tree.ts";
import type { Flight, WriteSegment } from "./flight.ts";
import { SendingAgain } from "./send-again.ts";

/** Marks every page of the flight, all of them before the first byte is sent (S0.6). */
export function issueFlight(space: FilePages, flight: Flight, collected: Promise<void>): void {
  flight.record.advance("write");
  for (const page of flight.pages) freezePage(space, page, collected);
}

/** The dirty bytes of a page are in flight and clean, and its frame is frozen; the page keeps its use of the record. */
export function freezePage(space: FilePages, page: Page, collected: Promise<void>): void {
  const { record, dirty, frame } = page;
  assert(record !== null && page.sending === null, "a page that is sent is dirty and not in flight");
  page.sending = { frame, ranges: dirty, record, collected, frameAbandoned: false };
  space.takeDirty(page);
  page.transition("issued");
  space.pages.setTag(page.index, tags.writeback);
  space.flightChanged(1, dirty.byteCount);
}

/** What came of sending a flight: how many bytes from its front were taken, and the failure that stopped it, if any. */
export interface Sent {
  readonly byteCount: ByteCount;
  readonly attributes: Attributes | undefined;
  readonly failure: unknown;
  /** Whether another client's change was overwritten on the way: what was taken before may be gone. */
  readonly hasOverwritten: boolean;
}

/**
 * Sends the segments one after the other; a short write is continued, a write of nothing is an EIO (B14). What ended on this
 * side is sent again at once, and what met another version too where the policy says overwrite.
 */
export async function sendFlight(space: FilePages, flight: Flight): Promise<Sent> {
  const again = new SendingAgain(space, flight);
  let byteCount = 0;
  let attributes: Attributes | undefined;
  for (const segment of flight.segments) {
    let done = 0;
    while (done < segment.byteCount) {
      try {
        const result = await sendOnce(space, flight, segment, done);
        done += result.byteCount;
        byteCount += result.byteCount;
        attributes = result.attributes;
      } catch (thrown) {
        const failure = await again.after(thrown);
        if (failure !== undefined) return { byteCount, attributes, failure, hasOverwritten: again.hasOverwritten };
      }
    }
  }
  return { byteCount, attributes, failure: undefined, hasOverwritten: again.hasOverwritten };
}

async function sendOnce(
  space: FilePages,
  flight: Flight,
  segment: WriteSegment,
  done: number,
): Promise<{ byteCount: number; attributes: Attributes }> {
  const { store, counters, throttle, ledger, pool } = space.core;
  if (pool.isOverAbandoned) {
    throw new Failure("ETIMEDOUT", { syscall: "write", detail: "too many earlier operations have not been answered" });
  }
  const views = done === 0 ? segment.frames : viewsFrom(segment.frames, done);
  const wanted = segment.byteCount - done;
  const expected = store.manifest.conditionalWrites ? space.version : undefined;
  const call = { credential: flight.record.credential, signal: neverFires };
  counters.storeWrites += 1;
  throttle.issued();
  let taken = 0;
  try {
    const result = await store.write(space.node, segment.offset + done, views, expected, call);
    taken = checkedCount(result.byteCount, wanted);
    if (taken < wanted) counters.storeShortWrites += 1;
    counters.storeWriteBytes += taken;
    // The next write expects the version that this one made.
    space.trail.step(result.attributes);
    return result;
  } finally {
    throttle.written(taken, ledger.heldBytes);
  }
}

/** The store's word on how much it took, if it can be true. */
function checkedCount(byteCount: number, wanted: number): number {
  if (byteCount > 0 && byteCount <= wanted) return byteCount;
  const detail = byteCount > wanted ? "the store says it took more than it was sent" : "the store took no bytes";
  throw new Failure("EIO", { syscall: "write", detail });
}

function viewsFrom(views: readonly Uint8Array[], skip: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let left = skip;
  for (const view of views) {
    if (left < view.length) rest.push(left === 0 ? view : view.subarray(left));
    left = Math.max(0, left - view.length);
  }
  return rest;
}
