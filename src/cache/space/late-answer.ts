/**
 * Operations that passed their deadline may still be done by the store. Their failure carries a promise for that moment
 * (`LateFailure` of the port). Until then their frames are not used again, and no newer change of the file is sent, or the
 * late one would undo it. What the store answers in the end is taken over: it is the version that the next write expects.
 */
import { type CancelSignal, endedWithin, Failure, type Milliseconds } from "../../base/index.ts";
import { type ChangedAttributes, LateFailure } from "../../port/index.ts";
import { noticeOthers } from "../invalidate/others.ts";
import { interruptible } from "../lock/interruptible.ts";
import { witnessedWait } from "../lock/lock-witness.ts";
import type { FilePages } from "./file-pages.ts";

const lateWaitMs: Milliseconds = 5_000;

/** When the operation behind this failure has really ended; undefined when it already has. */
export function settlementOf(reason: unknown): Promise<unknown> | undefined {
  return reason instanceof LateFailure ? reason.settled : undefined;
}

/** Notes that a change of the file may still be made by the store; `take` is given what it answers with then. */
export function noteLateChange(
  space: FilePages,
  settled: Promise<unknown>,
  take: (changed: ChangedAttributes) => void,
): void {
  const ended = settled.then(
    (answer) => {
      const changed = changedAttributesOf(answer);
      if (changed !== undefined && !space.destroyed) take(changed);
    },
    () => undefined,
  );
  const all = Promise.all([space.lateChanges, ended]).then(() => {
    if (space.lateChanges !== all) return;
    space.lateChanges = null;
    if (!space.writebackLock.isHeld) noticeOthers(space);
  });
  space.lateChanges = all;
}

/** Waits a while for late changes of the file to end; answers whether they have. Rejects with EINTR. */
export async function lateChangesEnded(space: FilePages, signal: CancelSignal): Promise<boolean> {
  if (space.lateChanges === null) return true;
  const { lateChanges } = space;
  const ended = interruptible(endedWithin(space.core.clock, lateWaitMs, lateChanges), signal);
  await witnessedWait("late change", lateChanges, ended);
  return space.lateChanges === null;
}

/** What is said of a change that cannot be made because an earlier one may still be under way. */
export function lateChangeFailure(syscall: string): Failure {
  return new Failure("ETIMEDOUT", { syscall, detail: "an earlier change has not been answered" });
}

/** The attributes in the store's answer to a change: all of the answer, or a part of it. */
function changedAttributesOf(answer: unknown): ChangedAttributes | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  if ("attributes" in answer) return changedAttributesOf(answer.attributes);
  return "version" in answer && "size" in answer && "previous" in answer ? (answer as ChangedAttributes) : undefined;
}
