/**
 * Whether a write that failed is sent again at once, by the flight that it belongs to.
 *
 * A failure on this side (interrupted, short of memory) decided nothing: it is tried again with growing pauses, and is never
 * told. When that takes too long, the store counts as out of reach. A conflict is met by adopting the version that was found,
 * where the policy says that our bytes go over those of others; when others keep changing the file, it is a conflict after all.
 */
import { delay, Failure, failureFrom, type Milliseconds, neverFires } from "../../base/index.ts";
import { VersionConflict } from "../../port/index.ts";
import { startOver } from "../invalidate/start-over.ts";
import { classify } from "../refusal/classify.ts";
import type { FilePages } from "../space/file-pages.ts";
import { settlementOf } from "../space/late-answer.ts";
import type { Flight } from "./flight.ts";

const pauseMsMin: Milliseconds = 5;
const pauseMsMax: Milliseconds = 1_000;
/** The pauses of so many tries come to about ten seconds. */
const localTriesMax = 16;
const overwriteTriesMax = 16;

export class SendingAgain {
  readonly #space: FilePages;
  readonly #flight: Flight;
  #localTries = 0;
  #overwriteTries = 0;

  constructor(space: FilePages, flight: Flight) {
    this.#space = space;
    this.#flight = flight;
  }

  /** Whether the flight goes over another client's bytes: what was taken of it before that may be gone. */
  get hasOverwritten(): boolean {
    return this.#overwriteTries > 0;
  }

  /** Resolves with nothing when the write is to be sent again now, or with the failure that stops the flight. */
  async after(thrown: unknown): Promise<unknown> {
    const failure = failureFrom(thrown, { syscall: "write" });
    if (settlementOf(thrown) !== undefined) return thrown;
    if (classify(failure) === "local") return await this.#pause(failure);
    const overwrites = failure instanceof VersionConflict && this.#space.core.options.conflict === "overwrite";
    return overwrites ? await this.#overwrite(failure) : failure;
  }

  async #pause(failure: Failure): Promise<unknown> {
    if (this.#localTries >= localTriesMax) return new Failure("ETIMEDOUT", { syscall: "write", cause: failure });
    const { clock, counters } = this.#space.core;
    await delay(clock, Math.min(pauseMsMax, pauseMsMin * 2 ** this.#localTries));
    this.#localTries += 1;
    counters.sentAgain += 1;
    return undefined;
  }

  async #overwrite(conflict: VersionConflict): Promise<unknown> {
    if (this.#overwriteTries >= overwriteTriesMax) return conflict;
    const space = this.#space;
    const call = { credential: this.#flight.record.credential, signal: neverFires };
    try {
      startOver(space, await space.core.store.getAttributes(space.node, call));
    } catch (thrown) {
      if (settlementOf(thrown) === undefined) return thrown;
      // The write has been answered: that a question may still be under way keeps nobody from sending it again.
      return new Failure(failureFrom(thrown).code, { syscall: "stat", cause: thrown });
    }
    this.#overwriteTries += 1;
    space.core.counters.conflictsOverwritten += 1;
    space.observer.changedElsewhere?.();
    return undefined;
  }
}
