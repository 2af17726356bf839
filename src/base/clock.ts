/**
 * All time comes from an injected clock, so that tests and simulations decide when it passes.
 */
import { callAfter, monotonicMs } from "./platform.ts";
import type { Milliseconds } from "./units.ts";

/** Cancels a timer; calling it again, or after the timer fired, does nothing. */
export type CancelTimer = () => void;

/** A source of time. */
export interface Clock {
  /** Milliseconds on a scale that never goes back; only differences mean anything. */
  nowMs(): Milliseconds;
  /** Wall-clock time in nanoseconds since 1970, for time stamps of files. */
  wallTimeNs(): bigint;
  /** Calls back once after the delay; never when that is Infinity. */
  after(delayMs: Milliseconds, callback: () => void): CancelTimer;
}

/** The machine's own time. A pending timer keeps the process alive, so nothing that waits is cut off by its end. */
export const systemClock: Clock = {
  nowMs: monotonicMs,
  wallTimeNs: () => BigInt(Math.round(Date.now() * 1000)) * 1000n,
  after: callAfter,
};

/** A promise for the passing of time. */
export function delay(clock: Clock, delayMs: Milliseconds): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

/** Waits for a promise that never rejects, so long at most; answers whether it was resolved. */
export function endedWithin(clock: Clock, waitMs: Milliseconds, promise: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(waitMs, () => resolve(false));
    void promise.then(() => {
      cancel();
      resolve(true);
    });
  });
}
