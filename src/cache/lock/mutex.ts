/**
 * A lock that one holder has at a time, first come, first served: a shared lock that is only ever had alone.
 *
 * Synchronous code never takes a mutex: it runs without interruption, so it only asks `isHeld` and gives up.
 */
import type { CancelSignal } from "../../base/index.ts";
import { type LockHold, SharedLock } from "./shared-lock.ts";

export class Mutex {
  readonly #lock: SharedLock;

  constructor(name: string) {
    this.#lock = new SharedLock(name);
  }

  get name(): string {
    return this.#lock.name;
  }

  get isHeld(): boolean {
    return this.#lock.isHeld;
  }

  /** Waits for the lock; rejects with EINTR when the signal fires first. */
  acquire(signal?: CancelSignal): Promise<LockHold> {
    return this.#lock.acquireAlone(signal);
  }
}
