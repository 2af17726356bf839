/**
 * Operations that passed their deadline may still be done by the store. Their failure carries a promise for that moment
 * (`LateFailure` of the port). Until then their frames are not used again, and no newer change of the file is sent, or the
 * late one would undo it. What the store answers in the end is taken over: it is the version that the next write expects.
 */
import { type CancelSignal, endedWithin, Failure, type Milliseconds } from "../../base/index.ts";
import { type Attributes, LateFailure } from "../../port/index.ts";
import { interruptible } from "../lock/interruptible.ts";
import { witnessedWait } from "../lock/lock-witness.ts";
import type { FilePages } from "./file-pages.ts";

const lateWaitMs: Milliseconds = 5_000;

/** When the operation behind this failure has really ended; undefined when it already has. */
export function settlementOf(reason: unknown): Promise<unknown> | undefined {
  return reason instanceof LateFailure ? reason.settled : undefined;
}

/** Notes that a change of the file may still be made by the store; `take` is given the attributes it answers with then. */
export function noteLateChange(
  space: FilePages,
  settled: Promise<unknown>,
  take: (attributes: Attributes) => void,
): void {
  const ended = settled.then(
    (answer) => {
      const attributes = attributesOf(answer);
      if (attributes !== undefined && !space.destroyed) take(attributes);
    },
    () => undefined,
  );
  const all = Promise.all([space.lateChanges, ended]).then(() => {
    if (space.lateChanges === all) space.lateChanges = null;
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

/** The attributes in an answer of the store: all of the answer, or a part of it. */
function attributesOf(answer: unknown): Attributes | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  if ("attributes" in answer) return attributesOf(answer.attributes);
  return "version" in answer && "size" in answer && "kind" in answer ? (answer as Attributes) : undefined;
}
