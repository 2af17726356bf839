/**
 * What became of each acknowledged byte of a file (S5.1), and in which order the server may be given them.
 *
 *   acknowledged --> pending (dirty or in flight) --the server's yes was heard--> accepted
 *                       |
 *                       +--the server's no was told--> refused
 *                       +--cut, punched, overwritten--> (another's business)
 *
 * Arrays hold, for each byte, the number of a local change, 0 for none.
 */
import { isBefore, type LocalChange, type Tick } from "./change.ts";

/** A piece of one write that is being sent, or was. */
export interface SentRun {
  readonly start: number;
  readonly end: number;
  readonly change: LocalChange;
}

export class Fates {
  readonly #locals: readonly LocalChange[];
  /** The newest acknowledged write that is neither accepted nor refused, as far as the cache has heard. */
  readonly pending: Uint16Array;
  /** The newest one whose fate is known: accepted, or refused. */
  readonly #decided: Uint16Array;
  /** The newest local change that the server has made. */
  readonly #applied: Uint16Array;
  pendingCount = 0;

  constructor(locals: readonly LocalChange[], byteCount: number) {
    this.#locals = locals;
    this.pending = new Uint16Array(byteCount);
    this.#decided = new Uint16Array(byteCount);
    this.#applied = new Uint16Array(byteCount);
  }

  #change(number: number): LocalChange {
    return this.#locals[number - 1] as LocalChange;
  }

  /** A write was acknowledged: unless the server has it, or something as new, its bytes wait to be sent. */
  acknowledge(change: LocalChange): void {
    for (let at = change.start; at < change.end; at++) {
      const decided = this.#decided[at] as number;
      if (decided !== 0 && !isBefore(this.#change(decided), change)) continue;
      if (this.pending[at] === 0) this.pendingCount += 1;
      this.pending[at] = change.number;
    }
  }

  /** A cut or punch was done. */
  cut(change: LocalChange): void {
    const end = Math.min(change.end, this.pending.length);
    for (let at = change.start; at < end; at++) {
      if (this.pending[at] !== 0) this.pendingCount -= 1;
    }
    this.pending.fill(0, change.start, end);
    this.#decided.fill(change.number, change.start, end);
    this.#applied.fill(change.number, change.start, end);
  }

  /** What is wrong with sending this piece now, if anything (G3, G4). */
  complaintOfSending({ start, end, change }: SentRun): string | undefined {
    if (change.isWrittenAnew) return undefined;
    for (let at = start; at < end; at++) {
      if (this.#decided[at] === change.number)
        return `byte ${at} of write ${change.number} was accepted or refused before`;
    }
    return undefined;
  }

  /** The server takes a piece: never an older one after a newer one. */
  apply({ start, end, change }: SentRun): string | undefined {
    for (let at = start; at < end; at++) {
      const before = this.#applied[at] as number;
      if (before !== 0 && isBefore(change, this.#change(before))) {
        return `byte ${at}: write ${change.number} reached the store after ${this.#change(before).kind} ${before}`;
      }
      this.#applied[at] = change.number;
    }
    return undefined;
  }

  /** The cache has told that a piece was refused. */
  refuse(run: SentRun): void {
    this.accept(run);
  }

  /** The cache hears that the server has taken a piece. */
  accept({ start, end, change }: SentRun): void {
    for (let at = start; at < end; at++) {
      const pending = this.pending[at] as number;
      if (pending !== 0 && !isBefore(change, this.#change(pending))) {
        this.pending[at] = 0;
        this.pendingCount -= 1;
      }
      const decided = this.#decided[at] as number;
      if (decided === 0 || !isBefore(change, this.#change(decided))) this.#decided[at] = change.number;
    }
  }

  /** An acknowledged byte whose write ended before `from` and that is not accepted; in words. */
  unsentBefore(from: Tick): string | undefined {
    if (this.pendingCount === 0) return undefined;
    for (let at = 0; at < this.pending.length; at++) {
      const pending = this.pending[at] as number;
      if (pending !== 0 && this.#change(pending).ended < from) {
        return `byte ${at} of write ${pending}, acknowledged before, is not accepted (G11, G12)`;
      }
    }
    return undefined;
  }

  /** Nobody waits for these bytes any more. */
  forgive(): void {
    this.pending.fill(0);
    this.pendingCount = 0;
  }

  reset(): void {
    this.pending.fill(0);
    this.#decided.fill(0);
    this.#applied.fill(0);
    this.pendingCount = 0;
  }
}
