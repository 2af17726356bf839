/**
 * Who has heard of which failed write-back (S5.8). Each failure is told once to each handle that was open when it happened;
 * one that nobody has heard is told to the next that opens the file. Of several a handle hears of the latest about bytes of its
 * own credential, or else of the latest.
 *
 * An *ear* is what one handle may have heard: somewhere from `low` to `high` failures, since nobody can see when in a call
 * that lasted it looked.
 */
import type { WritebackFailure } from "../../src/cache/index.ts";
import type { Tick } from "./change.ts";

export interface Ear {
  low: number;
  high: number;
}

export class Failures {
  readonly #all: WritebackFailure[] = [];
  readonly #ticks: Tick[] = [];
  /** How many of them somebody is known to have heard, and how many somebody may have. */
  #heard = 0;
  #maybeHeard = 0;
  #lastHeardAt: Tick = 0;

  get count(): number {
    return this.#all.length;
  }

  get latest(): WritebackFailure | undefined {
    return this.#all.at(-1);
  }

  record(failure: WritebackFailure, tick: Tick): void {
    this.#all.push(failure);
    this.#ticks.push(tick);
  }

  /** How many there were at a tick. */
  countAt(tick: Tick): number {
    let count = this.count;
    while (count > 0 && (this.#ticks[count - 1] as Tick) > tick) count--;
    return count;
  }

  /** Somebody without an ear, who syncs everything, may have heard all of them. */
  maybeHeardAll(): void {
    this.#maybeHeard = this.count;
  }

  /** The ear of a handle whose opening began at `from`. */
  open(from: Tick): Ear {
    const now = this.count;
    const countThen = this.countAt(from);
    const isCertain = now === countThen && this.#lastHeardAt < from;
    if (isCertain && this.#heard === now) return { low: now, high: now };
    if (isCertain && this.#maybeHeard < now) return { low: now - 1, high: now - 1 };
    return { low: Math.max(0, countThen - 1), high: now };
  }

  /** A call of a credential's that tells failures threw one; answers a complaint if that cannot be. */
  told(ear: Ear, failure: WritebackFailure, credentialId: string, from: Tick, now: Tick): string | undefined {
    const countThen = this.countAt(from);
    const number = this.#all.lastIndexOf(failure) + 1;
    if (number === 0) return "a failure was told that no event told of";
    if (number <= ear.low) return `failure ${number} was told twice`;
    const isOwn = failure.credential.id === credentialId;
    const own = this.#newestOf(credentialId, isOwn ? countThen : number);
    if (own > (isOwn ? number : ear.high)) return `failure ${number} was told instead of ${own}, its own`;
    if (!isOwn && number < countThen) return `failure ${number} was told although ${countThen} had come by then`;
    // With one of its own, the handle has heard of those that others had by then.
    ear.low = Math.max(number, countThen);
    ear.high = isOwn ? this.count : number;
    this.#heard = Math.max(this.#heard, ear.low);
    this.#maybeHeard = Math.max(this.#maybeHeard, ear.high);
    this.#lastHeardAt = now;
    return undefined;
  }

  /** The number of the newest failure about a credential's bytes among the first so many; 0 without one. */
  #newestOf(credentialId: string, count: number): number {
    return this.#all.findLastIndex(({ credential }, index) => index < count && credential.id === credentialId) + 1;
  }

  /** A call that tells failures ended well: there was nothing new to tell. */
  silent(ear: Ear, from: Tick): string | undefined {
    const countThen = this.countAt(from);
    if (countThen > ear.high) return `failure ${countThen} was not told`;
    ear.low = Math.max(ear.low, countThen);
    ear.high = this.count;
    return undefined;
  }
}
