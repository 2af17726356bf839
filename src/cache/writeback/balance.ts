/**
 * Holding a writer back: after it has dirtied memory, it pauses as the throttle says (balance_dirty_pages). A writer is
 * held only for room that will come: when the store refuses what its file already holds, when all that is dirty is refused,
 * or when refused bytes cannot be rescued, holding would last for ever, and the write ends with the failure instead. What a store that is out of reach has
 * not answered may still be taken, so for that a writer is held.
 */
import { type ByteCount, type CancelSignal, type Clock, Failure } from "../../base/index.ts";
import { classify, passesByItself } from "../refusal/classify.ts";
import { standingUnrescued } from "../refusal/refuse.ts";
import { closedFailure } from "../space/cache-core.ts";
import type { FilePages } from "../space/file-pages.ts";

/** Why the file holds memory that write-back cannot free, while that is so. */
function standingRefusal(space: FilePages): Failure | undefined {
  return standingRefusalOfDirty(space) ?? standingUnrescued(space);
}

/** Why write-back frees none of the memory that the file holds; undefined where some of it may still be sent. */
export function refusalOfAll(space: FilePages): Failure | undefined {
  return space.hasDirtyPages ? standingRefusalOfDirty(space) : standingUnrescued(space);
}

function standingRefusalOfDirty({ standingFailure }: FilePages): Failure | undefined {
  if (standingFailure === undefined || passesByItself(classify(standingFailure))) return undefined;
  return standingFailure;
}

/** Throws when room for this writer will not come by itself. */
function requireHope(space: FilePages): void {
  const { core } = space;
  if (core.isClosed) throw closedFailure("write");
  const refusal = standingRefusal(space) ?? core.refusalOfEverything();
  if (refusal !== undefined) throw new Failure(refusal.code, { syscall: "write", cause: refusal });
}

/**
 * Pauses the writer for the bytes it dirtied; over the hard limit, until there is room. Rejects with EINTR, and with the
 * refusal when there will be none.
 */
export async function balanceDirty(space: FilePages, bytes: ByteCount, signal: CancelSignal): Promise<void> {
  const { throttle, ledger, counters, clock, dirtyBell } = space.core;
  if (ledger.heldBytes > space.core.options.dirtyBackgroundBytes) space.core.wakeFlusher("background");
  let pauseMs = throttle.dirtied(space.throttledWriter, bytes, ledger.heldBytes);
  while (pauseMs === Number.POSITIVE_INFINITY) {
    requireHope(space);
    counters.throttlePauses += 1;
    space.core.wakeFlusher("background");
    await dirtyBell.heard(signal);
    pauseMs = throttle.dirtied(space.throttledWriter, 0, ledger.heldBytes);
  }
  if (pauseMs <= 0) return;
  counters.throttlePauses += 1;
  counters.throttlePauseMs += pauseMs;
  await pause(clock, pauseMs, signal);
}

function pause(clock: Clock, pauseMs: number, signal: CancelSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Failure("EINTR"));
    const interrupt = () => {
      cancel();
      reject(new Failure("EINTR"));
    };
    const cancel = clock.after(pauseMs, () => {
      signal.removeEventListener("abort", interrupt);
      resolve();
    });
    signal.addEventListener("abort", interrupt, { once: true });
  });
}
