/**
 * One attempt to unmount while it is under way: how long it may still take, whether it goes through whatever is open, who
 * hears of its progress, and whether somebody has cut it short.
 *
 * I1  The deadline only comes nearer: a request that joins may shorten the attempt, never lengthen it.
 * I2  A cut is final, and the timer is gone once the attempt has ended.
 */
import type { ControlAnswer } from "../control/protocol.ts";
import type { UnmountRequest } from "./served-mount.ts";

const listenersMax = 32;
const graceMsDefault = 1000;

export class UnmountAttempt {
  /** Settles when the attempt has ended; set by whoever makes the attempt. */
  answer: Promise<ControlAnswer> = Promise.resolve({ kind: "error", message: "nothing is under way" });
  readonly #cut = new AbortController();
  readonly #listeners: ((dirtyBytes: number) => void)[] = [];
  #forced = false;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(request: UnmountRequest) {
    this.join(request);
  }

  /** Takes one more request into account. */
  join(request: UnmountRequest): void {
    if (request.force) this.#forced = true;
    if (this.#listeners.length < listenersMax) this.#listeners.push(request.progress);
    const deadlineMs = performance.now() + request.drainTimeoutMs;
    if (deadlineMs >= this.#deadlineMs) return;
    this.#deadlineMs = deadlineMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cut(), request.drainTimeoutMs);
  }

  get isForced(): boolean {
    return this.#forced;
  }

  get signal(): AbortSignal {
    return this.#cut.signal;
  }

  /** Nothing once it was cut. */
  get remainingMs(): number {
    return this.#cut.signal.aborted ? 0 : Math.max(0, this.#deadlineMs - performance.now());
  }

  progress(dirtyBytes: number): void {
    for (const listener of this.#listeners) listener(dirtyBytes);
  }

  cut(): void {
    this.#cut.abort();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  /** Waits for a step of the attempt; false when it has not ended so long after the cut. */
  async endsInTime(step: Promise<void>, graceMs: number = graceMsDefault): Promise<boolean> {
    const { signal } = this.#cut;
    let timer: NodeJS.Timeout | undefined;
    let countDown = (): void => {};
    const late = new Promise<boolean>((resolve) => {
      countDown = () => {
        timer = setTimeout(() => resolve(false), graceMs);
      };
    });
    if (signal.aborted) countDown();
    else signal.addEventListener("abort", countDown, { once: true });
    try {
      return await Promise.race([step.then(() => true), late]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", countDown);
    }
  }
}
