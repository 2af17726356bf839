/**
 * Which version of a file its clean bytes belong to, and how own changes move it on: the answer to each tells the version that
 * it met and the one that it made, and where these do not follow each other somebody else changed the file in between.
 *
 * Words. *Known* is the version that clean bytes belong to. A *stray* is one own change, or several that follow each other,
 * that began at a version nobody here has seen.
 *
 * Invariants. No stray begins where the known version or another stray ends. There are no more strays than changes that were
 * under way together and changes by others between them.
 *
 *   step    at the known version    known moves on, over the stray that begins there, if any
 *           at the end of a stray   the stray grows
 *           anywhere else           a new stray: an answer is still to come, or somebody else changed the file
 *   stepLate                        as step; but only at the known version when there was a restart since the change was sent
 *   restart                         what was learned elsewhere is known; strays are forgotten
 */
import type { ChangedAttributes, Version } from "../../port/index.ts";

export class VersionTrail {
  #known: Version;
  #restartCount = 0;
  /** What was answered last of each stray, by the version that it began at; the one that moved last comes last. */
  readonly #strays: Map<Version, ChangedAttributes> = new Map();

  constructor(known: Version) {
    this.#known = known;
  }

  get known(): Version {
    return this.#known;
  }

  /**
   * What was answered last to a change that somebody else's went before; undefined when there was none. To be asked when no own
   * change is under way, since answers come in any order.
   */
  get stray(): ChangedAttributes | undefined {
    let last: ChangedAttributes | undefined;
    for (const stray of this.#strays.values()) last = stray;
    return last;
  }

  /** How often what is known was learned elsewhere. */
  get restartCount(): number {
    return this.#restartCount;
  }

  restart(known: Version): void {
    this.#restartCount += 1;
    this.#known = known;
    this.#strays.clear();
  }

  /** An own change was answered. */
  step(changed: ChangedAttributes): void {
    if (changed.previous === changed.version) return;
    if (changed.previous === this.#known) {
      const last = this.#takeFrom(changed);
      this.#known = last.version;
      return;
    }
    const start = this.#startOfStrayTo(changed.previous) ?? changed.previous;
    this.#strays.delete(start);
    this.#strays.set(start, this.#takeFrom(changed));
  }

  /**
   * An own change was answered that nobody waited for any more since there had been so many restarts. What was learned meanwhile
   * may have the change in it, and newer ones: where the change does not go on from there, its answer tells nothing.
   */
  stepLate(changed: ChangedAttributes, restartCount: number): void {
    if (restartCount === this.#restartCount || changed.previous === this.#known) this.step(changed);
  }

  /** The end of what follows a change: its own answer, or that of the stray that begins there. */
  #takeFrom(changed: ChangedAttributes): ChangedAttributes {
    const following = this.#strays.get(changed.version);
    this.#strays.delete(changed.version);
    return following ?? changed;
  }

  #startOfStrayTo(version: Version): Version | undefined {
    for (const [start, last] of this.#strays) if (last.version === version) return start;
    return undefined;
  }
}
