/** Holding a writer back: after it has dirtied memory, it pauses as the throttle says (balance_dirty_pages). */
import { type ByteCount, type CancelSignal, type Clock, Failure } from "../../base/index.ts";
import type { FilePages } from "../space/file-pages.ts";

/** Pauses the writer for the bytes it dirtied; over the hard limit, until there is room. Rejects with EINTR. */
export async function balanceDirty(space: FilePages, bytes: ByteCount, signal: CancelSignal): Promise<void> {
  const { throttle, ledger, counters, clock, dirtyBell } = space.core;
  if (ledger.heldBytes > space.core.options.dirtyBackgroundBytes) space.core.wakeFlusher("background");
  let pauseMs = throttle.dirtied(space.throttledWriter, bytes, ledger.heldBytes);
  while (pauseMs === Number.POSITIVE_INFINITY) {
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
