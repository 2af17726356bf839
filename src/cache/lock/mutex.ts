/**
 * A lock that one holder has at a time, first come, first served.
 *
 * Words. *Held*: somebody has it. A *waiter* is served in the order of asking; one whose signal fires leaves the queue.
 *
 * Invariants. I1 There are waiters only while it is held. I2 It is released exactly once for each acquisition.
 *
 * Synchronous code never takes a mutex: it runs without interruption, so it only asks `isHeld` and gives up.
 */
import { assert, type CancelSignal, Failure } from "../../base/index.ts";

/** Proof of holding a lock; disposing releases it. */
export interface LockHold extends AsyncDisposable {
  readonly released: boolean;
}

interface Waiter {
  grant(): void;
}

export class Mutex {
  readonly name: string;
  #held = false;
  readonly #waiters: Set<Waiter> = new Set();

  constructor(name: string) {
    this.name = name;
  }

  get isHeld(): boolean {
    return this.#held;
  }

  /** Waits for the lock; rejects with EINTR when the signal fires first. */
  async acquire(signal?: CancelSignal): Promise<LockHold> {
    if (this.#held) await this.#wait(signal);
    else this.#held = true;
    return this.#hold();
  }

  #wait(signal: CancelSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new Failure("EINTR"));
      const leave = () => {
        if (this.#waiters.delete(waiter)) reject(new Failure("EINTR"));
      };
      const waiter: Waiter = {
        grant: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  #hold(): LockHold {
    let released = false;
    return {
      get released() {
        return released;
      },
      [Symbol.asyncDispose]: async () => {
        assert(!released, `the lock ${this.name} is released once`);
        released = true;
        this.#release();
      },
    };
  }

  #release(): void {
    for (const next of this.#waiters) {
      this.#waiters.delete(next);
      next.grant();
      return;
    }
    this.#held = false;
  }
}
