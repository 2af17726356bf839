/**
 * Which version of a file its clean bytes belong to, and how own changes move it on: the answer to each tells the version that
 * it met and the one that it made, and where these do not follow each other somebody else changed the file in between.
 *
 * Words. *Known* is the version that clean bytes belong to. A *stray* is one own change, or several that follow each other,
 * that began at a version nobody here has seen. Of several strays nobody here knows which one the store took last, since the
 * answers to changes under way together come in any order.
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
  /** What the end of each stray was answered, by the version that it began at. */
  readonly #strays: Map<Version, ChangedAttributes> = new Map();

  constructor(known: Version) {
    this.#known = known;
  }

  get known(): Version {
    return this.#known;
  }

  /** How many strays there are. To be asked when no own change is under way, as `stray` is: an answer may join two of them. */
  get strayCount(): number {
    return this.#strays.size;
  }

  /** What the end of the only stray was answered; undefined when there is none, or several. */
  get stray(): ChangedAttributes | undefined {
    if (this.#strays.size !== 1) return undefined;
    for (const stray of this.#strays.values()) return stray;
    return undefined;
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
