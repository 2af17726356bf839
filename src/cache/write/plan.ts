/**
 * The plan of a write: for one page, what has to happen before bytes can be copied into it. A pure decision with a name;
 * the caller switches on it and counts it.
 */
import type { Page } from "../page/page.ts";

export type WriteVerdict =
  /** The page takes the bytes as it is. */
  | "modify"
  /** There is no page: a frame is needed, nothing needs to be read. */
  | "create"
  /** The page's frame is frozen, in flight or as the last copy of refused bytes: it gets a copy first (S3.9). */
  | "copyOnWrite"
  /** A fill owns the page: wait, then look again. */
  | "waitForFill"
  /** Another credential's bytes are in flight, or any where that is the choice, or refused ones are to join a flight: wait. */
  | "waitForFlight"
  /** Another credential's bytes are dirty: write them back, then look again (S0.30). */
  | "flushConflict"
  /** The page has so many separate dirty ranges that they are written back first. */
  | "flushFragments"
  /** The page has so many separate valid ranges that the gaps are read first. */
  | "fillFirst";

const dirtyRangesMax = 32;
const validRangesMax = 64;

/**
 * What a write does that meets its own credential's bytes in flight: it goes on in a copy of the page, or waits until the
 * store has answered, which takes no memory (S3.1). What is sent does not change either way.
 */
export type WriteInFlight = "copy" | "wait";

/** The verdict for writing bytes [start, end) of a page. */
export function planWrite(
  page: Page | undefined,
  start: number,
  end: number,
  credentialId: string,
  inFlight: WriteInFlight,
): WriteVerdict {
  if (page === undefined) return "create";
  if (page.locked) return "waitForFill";
  if (page.record?.state === "rejected") return "waitForFlight";
  if (page.record !== null && page.record.credential.id !== credentialId) return "flushConflict";
  if (page.sending !== null && page.sending.record.credential.id !== credentialId) return "waitForFlight";
  if (inFlight === "wait" && page.sending !== null) return "waitForFlight";
  if (page.isFrozen) return "copyOnWrite";
  if (page.dirty.rangeCount >= dirtyRangesMax && !page.dirty.touches(start - 1, end + 1)) return "flushFragments";
  if (page.valid.rangeCount >= validRangesMax && !page.valid.touches(start - 1, end + 1)) return "fillFirst";
  return "modify";
}
