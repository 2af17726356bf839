/**
 * The refusals of a volume, for `refusals()`: the newest ones, and all whose bytes are in memory only.
 *
 * Invariants. I1 At most `entriesMax` refusals that are settled are kept; the oldest makes room and is counted. I2 One that
 * is unrescued stays until it is rescued or discarded; there are no more of them than dirty memory has room for.
 */
import type { WritebackFailed } from "../volume-events.ts";

const entriesMax = 1024;

export class RefusalLog {
  readonly #settled: WritebackFailed[] = [];
  readonly #unrescued: Set<WritebackFailed> = new Set();
  #count = 0;

  /** How many there were in all, those that made room included. */
  get count(): number {
    return this.#count;
  }

  add(refusal: WritebackFailed): void {
    this.#count += 1;
    if (refusal.outcome === "unrescued") this.#unrescued.add(refusal);
    else this.#settle(refusal);
  }

  /** The bytes of a refusal that was unrescued are kept elsewhere by now. */
  rescued(refusal: WritebackFailed): void {
    for (const earlier of this.#unrescued) {
      if (earlier.failure === refusal.failure) this.#unrescued.delete(earlier);
    }
    this.#settle(refusal);
  }

  /** Oldest first. */
  list(): readonly WritebackFailed[] {
    return [...this.#settled, ...this.#unrescued].sort((one, other) => Number(one.toldAtNs - other.toldAtNs));
  }

  #settle(refusal: WritebackFailed): void {
    this.#settled.push(refusal);
    if (this.#settled.length > entriesMax) this.#settled.shift();
  }
}
