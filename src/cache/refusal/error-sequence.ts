/**
 * The failures of a file's write-back as a sequence that each handle samples (the kernel's errseq_t, lib/errseq.c): a
 * failure is told once to every handle that was open when it happened, and never cleared by its first reader.
 *
 * Words. A *cursor* is how far a handle has heard. A failure is *seen* once any handle has heard of it.
 *
 * Invariants. I1 The sequence number never goes back. I2 An unseen failure is told to the next opener.
 */
import type { Failure } from "../../base/index.ts";

/** How far one handle has heard. */
export interface ErrorCursor {
  heard: number;
}

export class ErrorSequence {
  #sequence = 0;
  #seen = 0;
  #latest: Failure | undefined;

  /** Notes a failure; every cursor will hear of it. */
  record(failure: Failure): void {
    this.#sequence += 1;
    this.#latest = failure;
  }

  /** A cursor for a new handle: it hears of what comes, and of the latest failure if nobody has. */
  sample(): ErrorCursor {
    return { heard: this.#seen === this.#sequence ? this.#sequence : this.#sequence - 1 };
  }

  /** The latest failure that this cursor has not heard of, if any; the cursor has heard it then. */
  check(cursor: ErrorCursor): Failure | undefined {
    if (cursor.heard === this.#sequence) return undefined;
    cursor.heard = this.#sequence;
    this.#seen = this.#sequence;
    return this.#latest;
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
