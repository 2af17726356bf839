/**
 * Settle: what becomes of refused bytes. Called under the file's write-back lock, by a pass whose flights have all landed, so
 * nothing is in flight but held refusals. The order is the promise's (S5.2): the store is asked what the file is now, the
 * bytes are rescued, and only then they leave; then the failure is told, once.
 */
import { delay, Failure, failureFrom, neverFires } from "../../base/index.ts";
import type { Attributes } from "../../port/index.ts";
import { dropClean } from "../invalidate/drop-clean.ts";
import { meetOthersChange, writesAtBase } from "../invalidate/start-over.ts";
import { lockWitness } from "../lock/lock-witness.ts";
import type { FilePages } from "../space/file-pages.ts";
import { classify } from "./classify.ts";
import { batchPages, excise } from "./excise.ts";
import type { SettledAction } from "./policy.ts";
import type { Refusal } from "./refusal.ts";
import { refusalFor, refuseEverything, refuseRecord, refuseRestOf } from "./refuse.ts";
import { type Kept, rescue } from "./rescue.ts";
import { park, thaw } from "./thaw.ts";
import { type FailedRange, ToldFailure, type WritebackFailure, type WritebackOutcome } from "./write-failure.ts";

const outcomes: Readonly<Record<SettledAction, WritebackOutcome>> = {
  excise: "excised",
  invalidateLazily: "invalidated",
  salvage: "salvaged",
};

/** How long unrescued bytes wait until write-back in the background asks the rescue again. */
const rescueRetryMs = 30_000;

/**
 * Settles what the pass met. A file that is gone adds what is dirty besides, and the store is not asked again: were its next
 * answer an older one, others would be told of a conflict. `answer` is what the store would say when it is not to be asked at all.
 */
export async function settleRefusals(space: FilePages, answer?: Attributes | Failure): Promise<void> {
  let lastWord = answer;
  for (const refusal of space.refusals) {
    if (refusal.state !== "held") continue;
    space.isSettling = true;
    lockWitness?.has("flight", refusal.released, "alone");
    for (const record of refusal.records) refuseRecord(space, record, refusal);
    const said = lastWord ?? (await storeSays(space, refusal));
    if (refusal.refusalClass === "gone" && meetGone(space, refusal, said)) lastWord = said;
    if (refusal.refusalClass === "conflict" && space.core.options.conflict === "keepBoth") refuseRestOf(space, refusal);
    const told = await dispose(space, refusal, said);
    space.core.counters.refusals[refusal.refusalClass] += 1;
    space.errors.record(new ToldFailure(told), told.credential.id);
    space.isSettling = false;
    space.observer.writebackFailed(told);
    space.noteProgress();
    // Whoever waits for room looks again: there is more of it, or none will come.
    space.core.frameMayBeFree();
    // A page can be part of one held refusal at a time: what a rejected record has beneath such a part comes now.
    for (const record of refusal.records) {
      if (record.state === "rejected") refuseRecord(space, record, refusalFor(space, record, refusal));
    }
  }
}

/** Everything that is unsent is refused, in the store's stead: nobody will send it any more. `said` is the store's last word. */
export async function giveUp(space: FilePages, failure: Failure, said: Attributes | Failure): Promise<void> {
  refuseEverything(space, { failure, refusalClass: classify(failure), action: "excise" });
  await settleRefusals(space, said);
}

/** Whether write-back in the background has a rescue to try again. */
export function isRescueDue(space: FilePages): boolean {
  return space.unrescuedBytes > 0 && space.rescueRetryAtMs <= space.core.clock.nowMs();
}

/** Tries again to rescue what could not be rescued. Its refusal was told, so only an event says where the bytes are now. */
export async function retryRescue(space: FilePages): Promise<void> {
  if (space.unrescuedBytes === 0 || space.core.options.rescue === null) return;
  let said: Attributes | Failure | undefined;
  for (const refusal of space.refusals) {
    said ??= await storeSays(space, refusal);
    const told = await dispose(space, refusal, said);
    if (told.outcome !== "unrescued") space.observer.rescued?.(told);
  }
  space.rescueRetryAtMs = space.core.clock.nowMs() + rescueRetryMs;
}

/** The file and its pages go, and unrescued bytes with them; nothing is told. */
export function forgetUnrescued(space: FilePages): void {
  for (const refusal of space.refusals) {
    for (const part of refusal.parts) {
      // A rescue that is late may read the frames until it has ended.
      if (refusal.rescuing !== null) part.late = Promise.allSettled([part.late, refusal.rescuing]);
      thaw(space, part);
    }
    space.refusals.delete(refusal);
    refusal.become("settled");
  }
}

/** What the file is at the store now, in the eyes of the refused credential, or why the store does not say. */
function storeSays(space: FilePages, { credential }: Refusal): Promise<Attributes | Failure> {
  const call = { credential, signal: neverFires };
  return space.core.store.getAttributes(space.node, call).catch((thrown) => failureFrom(thrown, { syscall: "stat" }));
}

/**
 * Whether the file is gone: then everybody's bytes go along (S0.14). A store that still knows the file refused a version; one
 * that does not say leaves it open.
 */
function meetGone(space: FilePages, refusal: Refusal, said: Attributes | Failure): boolean {
  const isGone = said instanceof Failure ? classify(said) === "gone" : said.linkCount === 0;
  if (isGone) {
    space.stale = true;
    refuseEverything(space, refusal);
    dropClean(space);
  } else if (!(said instanceof Failure)) {
    refusal.refusalClass = "conflict";
  }
  return isGone;
}

/** Rescues the bytes and does what the policy says, or leaves them where they are; answers what is to be told. */
async function dispose(space: FilePages, refusal: Refusal, said: Attributes | Failure): Promise<WritebackFailure> {
  const sizeBefore = space.size as number;
  const kept = await rescue(space, refusal, said instanceof Failure ? undefined : said.version);
  if (kept instanceof Failure) {
    if (refusal.state === "held") parkAll(space, refusal);
    if (!(said instanceof Failure)) adoptFound(space, said);
    return failureOf(space, refusal, kept, "unrescued", sizeBefore);
  }
  space.core.counters.rescuedBytes += refusal.byteCount;
  const outcome = await act(space, refusal, said, kept.copy !== undefined);
  return failureOf(space, refusal, kept, outcome, sizeBefore);
}

/** The bytes are kept elsewhere: they leave as the policy says. */
async function act(
  space: FilePages,
  refusal: Refusal,
  said: Attributes | Failure,
  isCopied: boolean,
): Promise<WritebackOutcome> {
  const excises = refusal.action === "excise" || isCopied;
  if (excises) await excise(space, refusal, said instanceof Failure ? space.storeSize : said.size);
  else await thawAll(space, refusal);
  if (refusal.action === "salvage" && !excises) space.mixesVersions = true;
  space.refusals.delete(refusal);
  refusal.become("settled");
  if (excises && !(said instanceof Failure)) adoptFound(space, said);
  if (refusal.action === "invalidateLazily" && !excises) space.isDoubtful = true;
  space.noteProgress();
  space.core.frameMayBeFree();
  return isCopied ? "copied" : outcomes[refusal.action];
}

async function thawAll(space: FilePages, refusal: Refusal): Promise<void> {
  let count = 0;
  for (const part of refusal.parts) {
    thaw(space, part);
    count += 1;
    if (count % batchPages === 0) await delay(space.core.clock, 0);
  }
}

function parkAll(space: FilePages, refusal: Refusal): void {
  for (const part of refusal.parts) park(space, part);
  refusal.become("unrescued");
  space.rescueRetryAtMs = space.core.clock.nowMs() + rescueRetryMs;
  space.noteProgress();
}

function failureOf(
  space: FilePages,
  refusal: Refusal,
  kept: Kept | Failure,
  outcome: WritebackOutcome,
  sizeBefore: number,
): WritebackFailure {
  const { failure, refusalClass, credential } = refusal;
  const sizeAfter = space.size as number;
  const isKept = !(kept instanceof Failure);
  return {
    failure,
    operation: "write",
    refusalClass,
    outcome,
    credential,
    ranges: rangesOf(space, refusal),
    rescueId: isKept ? kept.rescueId : undefined,
    copyIsMixed: isKept && kept.copy === "mixed",
    rescueFailure: isKept ? undefined : kept,
    sizeBefore,
    sizeAfter,
    hole: outcome === "excised" || outcome === "copied" ? holeLeft(space, refusal, sizeAfter) : undefined,
    mayHaveBeenRead: wasRead(space, refusal),
  };
}

function rangesOf(space: FilePages, refusal: Refusal): FailedRange[] {
  const ranges: { start: number; end: number }[] = [];
  for (const { page, sending } of refusal.inOrder()) {
    const pageStart = page.index * space.pageSize;
    for (let range = 0; range < sending.ranges.rangeCount; range++) {
      const start = pageStart + sending.ranges.start(range);
      const end = pageStart + sending.ranges.end(range);
      const last = ranges.at(-1);
      if (last?.end === start) last.end = end;
      else ranges.push({ start, end });
    }
  }
  return ranges;
}

/** What was refused beyond the end that the file had at the store, and lies below the end it has now (S0.15). */
function holeLeft(space: FilePages, refusal: Refusal, size: number): FailedRange | undefined {
  let start = Number.POSITIVE_INFINITY;
  let end = 0;
  for (const { page, sending, shown } of refusal.parts) {
    if (shown.isEmpty) continue;
    const pageStart = page.index * space.pageSize;
    const from = Math.max(pageStart + shown.start(0), sending.record.storeSize);
    const to = Math.min(pageStart + shown.end(shown.rangeCount - 1), size);
    if (from >= to) continue;
    start = Math.min(start, from);
    end = Math.max(end, to);
  }
  return start < end ? { start, end } : undefined;
}

function wasRead(space: FilePages, refusal: Refusal): boolean {
  for (const { sending } of refusal.parts) if (space.readCount > sending.record.readCount) return true;
  return false;
}

/**
 * What the store says now is the truth about everything clean. Where dirty bytes stay that are to be written at their base
 * version, they keep it, so that their write tells of the conflict.
 */
function adoptFound(space: FilePages, attributes: Attributes): void {
  if (attributes.version === space.version) {
    space.storeSize = attributes.size;
  } else if (!writesAtBase(space)) {
    meetOthersChange(space, attributes);
  }
  space.changeCount += 1;
  space.observer.attributesChanged(attributes);
}
