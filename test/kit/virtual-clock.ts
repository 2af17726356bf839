/**
 * A clock that stands still until it is told to go on. Timers run in the order of their times, equal times in the order
 * they were set; after each one everything that it set going (promises, and what they await) settles before the next.
 */
import { setImmediate } from "node:timers";
import type { CancelTimer, Clock } from "../../src/base/index.ts";

interface Timer {
  readonly atMs: number;
  readonly serial: number;
  readonly callback: () => void;
}

/** Lets every promise that can go on without time passing go on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Time for tests and simulations. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #serial = 0;
  readonly #epochNs: bigint;
  /** Ascending by time, then by serial. */
  readonly #timers: Timer[] = [];

  constructor(startMs: number = 0, epochNs: bigint = 1_700_000_000_000_000_000n) {
    this.#nowMs = startMs;
    this.#epochNs = epochNs - BigInt(Math.round(startMs * 1e6));
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallTimeNs(): bigint {
    return this.#epochNs + BigInt(Math.round(this.#nowMs * 1e6));
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), serial: this.#serial++, callback };
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle] as Timer).atMs <= timer.atMs) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  /** How many timers are set: zero when everything has come to its end. */
  get timerCount(): number {
    return this.#timers.length;
  }

  /** Lets `ms` milliseconds pass. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    while (await this.#step(untilMs));
    this.#nowMs = untilMs;
  }

  /** Lets time pass until the promise is settled, and answers with it; throws when that takes more than `msMax`. */
  async during<Result>(promise: Promise<Result>, msMax: number = 3_600_000): Promise<Result> {
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    promise.then(note, note);
    const untilMs = this.#nowMs + msMax;
    await settle();
    while (!settled && (await this.#step(untilMs)));
    if (!settled) throw new Error(`not settled within ${msMax} ms of virtual time (${this.timerCount} timers left)`);
    return promise;
  }

  /** Goes on to the next timer and calls it back, without waiting for what it sets going; false when there is none. */
  fireNext(): boolean {
    const timer = this.#timers.shift();
    if (timer === undefined) return false;
    this.#nowMs = timer.atMs;
    timer.callback();
    return true;
  }

  async #step(untilMs: number): Promise<boolean> {
    const timer = this.#timers[0];
    if (timer === undefined || timer.atMs > untilMs) return false;
    this.fireNext();
    await settle();
    return true;
  }
}
