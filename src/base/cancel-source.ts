/**
 * A controller and its signal in one small object, for calls that stay among our own rooms. An AbortController of the
 * platform costs some microseconds to make and to listen to, which is a good part of answering a request that has to wait.
 * Stores get a signal of the platform all the same, from `DeadlineStore`.
 *
 * I1 Once aborted, a source stays aborted, has its first reason, and keeps no listeners.
 */
import type { CancelController, CancelSignal } from "./platform.ts";

export class CancelSource implements CancelController, CancelSignal {
  #aborted = false;
  #reason: unknown;
  #listeners: Set<() => void> | undefined;

  get signal(): CancelSignal {
    return this;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  addEventListener(_type: "abort", listener: () => void): void {
    if (this.#aborted) return;
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners?.delete(listener);
  }

  /** Every listener is called once, even when another throws; the first throw is passed on at the end. */
  abort(reason?: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    const thrown: unknown[] = [];
    for (const listener of this.#listeners ?? []) {
      try {
        listener();
      } catch (mistake) {
        thrown.push(mistake);
      }
    }
    this.#listeners = undefined;
    if (thrown.length > 0) throw thrown[0];
  }
}
