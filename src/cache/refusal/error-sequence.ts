/**
 * The failures of a file's write-back as a sequence that each handle samples (the kernel's errseq_t, lib/errseq.c): a
 * failure is told once to every handle that was open when it happened, and never cleared by its first reader. Of several a
 * handle hears the newest, but of those about its own user's bytes before all others: that is the error it can act upon.
 *
 * Words. A *cursor* is how far a handle has heard. A failure is *seen* once any handle has heard of it. Its *owner* is the id of
 * the credential whose bytes it is about.
 *
 * Invariants. I1 The sequence number never goes back. I2 An unseen failure is told to the next opener. I3 The newest failures of
 * at most `ownersMax` owners are remembered; the one that failed longest ago makes room.
 */
import type { Failure } from "../../base/index.ts";

const ownersMax = 64;

interface Entry {
  readonly number: number;
  readonly failure: Failure;
}

/** How far one handle has heard. */
export interface ErrorCursor {
  heard: number;
}

export class ErrorSequence {
  #sequence = 0;
  #seen = 0;
  #latest: Failure | undefined;
  /** The newest of each owner, in the order of their numbers. */
  readonly #byOwner: Map<string, Entry> = new Map();

  /** Notes a failure; every cursor will hear of it, or of a newer one. */
  record(failure: Failure, owner: string): void {
    this.#sequence += 1;
    this.#latest = failure;
    this.#byOwner.delete(owner);
    this.#byOwner.set(owner, { number: this.#sequence, failure });
    if (this.#byOwner.size <= ownersMax) return;
    for (const oldest of this.#byOwner.keys()) {
      this.#byOwner.delete(oldest);
      return;
    }
  }

  /** A cursor for a new handle: it hears of what comes, and of the latest failure if nobody has. */
  sample(): ErrorCursor {
    return { heard: this.#seen === this.#sequence ? this.#sequence : this.#sequence - 1 };
  }

  /** What this cursor has not heard of, if anything: the owner's newest failure, or else the newest. It has heard all then. */
  check(cursor: ErrorCursor, owner?: string): Failure | undefined {
    if (cursor.heard === this.#sequence) return undefined;
    const { heard } = cursor;
    cursor.heard = this.#sequence;
    this.#seen = this.#sequence;
    const own = owner === undefined ? undefined : this.#byOwner.get(owner);
    return own !== undefined && own.number > heard ? own.failure : this.#latest;
  }

  /** Whether `check` would tell this cursor something. */
  hasNews(cursor: ErrorCursor): boolean {
    return cursor.heard !== this.#sequence;
  }

  /** Whether a failure happened that nobody has heard of. */
  get hasUnseen(): boolean {
    return this.#seen !== this.#sequence;
  }

  /** The newest failure, heard or not. */
  get latest(): Failure | undefined {
    return this.#latest;
  }
}
