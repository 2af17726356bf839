/**
 * Refuse: bytes that the store said no to become parts of a refusal, and with them whatever else of their record is dirty.
 * All of it happens in the turn that collects the answer, so nobody writes into a record that is being refused.
 */
import { assert, type Failure } from "../../base/index.ts";
import type { Page, Sending } from "../page/page.ts";
import type { FilePages } from "../space/file-pages.ts";
import { tags } from "../space/page-tree.ts";
import { freezePage } from "../writeback/issue.ts";
import type { WriteRecord } from "../writeback/write-record.ts";
import { Refusal, type RefusalCause } from "./refusal.ts";

/** The held refusal that these bytes belong to: their record's, or one for all that a pass meets of one credential and code. */
export function refusalFor(space: FilePages, record: WriteRecord, cause: RefusalCause): Refusal {
  if (record.refusal?.state === "held") return record.refusal;
  for (const refusal of space.refusals) if (refusal.joins(record.credential, cause.failure)) return refusal;
  const refusal = new Refusal(record.credential, cause, space.version, space.core.clock.wallTimeNs());
  space.refusals.add(refusal);
  return refusal;
}

/** A page in flight whose bytes were not taken: they stay in flight, frozen, until the refusal is settled. */
export function holdRefused(page: Page, refusal: Refusal, late: Promise<unknown> | undefined): void {
  const sending = page.sending as Sending;
  sending.collected = refusal.released;
  refusal.add(page, sending, late);
}

/** The record is rejected, for good: what is dirty of it joins the refusal without being sent (S0.9). */
export function refuseRecord(space: FilePages, record: WriteRecord, refusal: Refusal): void {
  if (record.state === "complete") return;
  record.advance("reject");
  record.refusal = refusal;
  refusal.records.add(record);
  const { pageSize, pages } = space;
  const last = Math.ceil(record.end / pageSize) - 1;
  for (let index = Math.floor(record.start / pageSize); index <= last; ) {
    const page = pages.nextTagged(tags.dirty, index);
    if (page === undefined || page.index > last) return;
    index = page.index + 1;
    // One that is still in flight for an older record joins when that has landed, at the latest before the refusal is settled.
    if (page.record === record && page.sending === null) refuseDirty(space, page, refusal);
  }
}

/** Everything dirty, whoever wrote it: for a file that is gone, or that nobody will send any more. */
export function refuseEverything(space: FilePages, cause: RefusalCause): void {
  for (let page = space.pages.nextTagged(tags.dirty, 0); page !== undefined; ) {
    const { record } = page;
    assert(record !== null, "a dirty page has a record");
    refuseRecord(space, record, refusalFor(space, record, cause));
    page = space.pages.nextTagged(tags.dirty, page.index + 1);
  }
}

/** What else the writer has dirty was written on the same version, and belongs to the same copy. */
export function refuseRestOf(space: FilePages, refusal: Refusal): void {
  for (let page = space.pages.nextTagged(tags.dirty, 0); page !== undefined; ) {
    const { record } = page;
    assert(record !== null, "a dirty page has a record");
    if (record.credential.id === refusal.credential.id && record.refusal === null) refuseRecord(space, record, refusal);
    page = space.pages.nextTagged(tags.dirty, page.index + 1);
  }
}

function refuseDirty(space: FilePages, page: Page, refusal: Refusal): void {
  freezePage(space, page, refusal.released);
  refusal.add(page, page.sending as Sending, undefined);
}

/** The frames that a file's unrescued bytes keep: the frozen ones, and the clean copies in which their pages go on. */
export function framesOfUnrescued(space: FilePages): number {
  let count = 0;
  for (const { state, parts } of space.refusals) {
    if (state !== "unrescued") continue;
    for (const { page, sending, hasLeft } of parts) {
      if (hasLeft) continue;
      // A frame that a late read may still touch has left the budget.
      if (!sending.frameAbandoned) count += 1;
      const isLatest = page.unrescued?.at(-1)?.sending === sending;
      if (isLatest && page.frame !== sending.frame && page.dirty.isEmpty) count += 1;
    }
  }
  return count;
}

/** What a file's writers are told that has unrescued bytes. */
export function standingUnrescued(space: FilePages): Failure | undefined {
  if (space.unrescuedBytes === 0) return undefined;
  for (const refusal of space.refusals) if (refusal.state === "unrescued") return refusal.failure;
  return undefined;
}
