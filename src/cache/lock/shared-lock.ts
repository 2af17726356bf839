/**
 * A lock that many share or one has alone (the kernel's invalidate_lock): fills share it, truncate and punch have it alone.
 * First come, first served, so neither side starves the other.
 *
 * Invariants. I1 Never shared and alone at once. I2 There are waiters only while it is held. I3 It is
 * released exactly once for each acquisition.
 */
import { assert, type CancelSignal, Failure } from "../../base/index.ts";
import { lockWitness } from "./lock-witness.ts";

/** Proof of holding a lock; disposing releases it. */
export interface LockHold extends AsyncDisposable {
  readonly released: boolean;
}

interface Waiter {
  readonly alone: boolean;
  grant(): void;
}

export class SharedLock {
  readonly name: string;
  #sharers = 0;
  #alone = false;
  readonly #waiters: Set<Waiter> = new Set();

  constructor(name: string) {
    this.name = name;
  }

  /** Whether sharing starts at once: nobody has it alone or waits for it. */
  get admitsSharing(): boolean {
    return !this.#alone && this.#waiters.size === 0;
  }

  get isHeld(): boolean {
    return this.#alone || this.#sharers > 0;
  }

  /** Shares the lock now, or not at all. */
  tryShare(): LockHold | undefined {
    if (!this.admitsSharing) return undefined;
    this.#enter(false);
    return this.#hold(false);
  }

  acquireShared(signal?: CancelSignal): Promise<LockHold> {
    return this.#acquire(false, signal);
  }

  acquireAlone(signal?: CancelSignal): Promise<LockHold> {
    return this.#acquire(true, signal);
  }

  async #acquire(alone: boolean, signal: CancelSignal | undefined): Promise<LockHold> {
    lockWitness?.asks(this.name, this, alone ? "alone" : "shared");
    try {
      if (this.#waiters.size === 0 && this.#admits(alone)) this.#enter(alone);
      else await this.#wait(alone, signal);
    } finally {
      lockWitness?.stopsAsking(this);
    }
    return this.#hold(alone);
  }

  #hold(alone: boolean): LockHold {
    lockWitness?.has(this.name, this, alone ? "alone" : "shared");
    let released = false;
    return {
      get released() {
        return released;
      },
      [Symbol.asyncDispose]: async () => {
        assert(!released, `the lock ${this.name} is released once`);
        released = true;
        lockWitness?.letsGo(this);
        if (alone) this.#alone = false;
        else this.#sharers -= 1;
        this.#serve();
      },
    };
  }

  #admits(alone: boolean): boolean {
    return !this.#alone && (!alone || this.#sharers === 0);
  }

  #enter(alone: boolean): void {
    if (alone) this.#alone = true;
    else this.#sharers += 1;
  }

  #wait(alone: boolean, signal: CancelSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new Failure("EINTR"));
      const leave = () => {
        if (!this.#waiters.delete(waiter)) return;
        reject(new Failure("EINTR"));
        this.#serve();
      };
      const waiter: Waiter = {
        alone,
        grant: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  #serve(): void {
    for (const next of this.#waiters) {
      if (!this.#admits(next.alone)) return;
      this.#waiters.delete(next);
      this.#enter(next.alone);
      next.grant();
    }
  }
}
