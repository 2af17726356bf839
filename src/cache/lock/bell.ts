/** Something that many wait for: each ring wakes everyone who waits now; they look again for themselves. */
import { type CancelSignal, Failure } from "../../base/index.ts";
import { witnessedWait } from "./lock-witness.ts";

export class Bell {
  readonly name: string;
  #waiters: Set<() => void> = new Set();

  constructor(name: string) {
    this.name = name;
  }

  get waiterCount(): number {
    return this.#waiters.size;
  }

  ring(): void {
    if (this.#waiters.size === 0) return;
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const wake of waiters) wake();
  }

  /** Resolves at the next ring; rejects with EINTR when the signal fires first. */
  heard(signal: CancelSignal): Promise<void> {
    const ring = new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(new Failure("EINTR"));
      const wake = () => {
        signal.removeEventListener("abort", interrupt);
        resolve();
      };
      const interrupt = () => {
        this.#waiters.delete(wake);
        reject(new Failure("EINTR"));
      };
      this.#waiters.add(wake);
      signal.addEventListener("abort", interrupt, { once: true });
    });
    return witnessedWait(this.name, this, ring);
  }
}
