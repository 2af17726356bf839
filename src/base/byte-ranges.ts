/**
 * A set of byte positions as sorted, disjoint, non-touching half-open ranges [start, end). Values never change: every
 * operation answers with a set, and answers with one of its operands where that is the result. The sets nearly every page
 * has (nothing, all of it) exist once and are shared, so that hits allocate nothing and a million pages need no more of them.
 */
import { assert } from "./assert.ts";

/** Sets [0, 2^n) up to this n are shared: all of a page, whatever its size. */
const wholeBitsMax = 24;

/** An immutable set of byte positions. */
export class ByteRanges {
  static readonly empty: ByteRanges = new ByteRanges([]);
  static readonly #wholes: readonly ByteRanges[] = Array.from(
    { length: wholeBitsMax + 1 },
    (_, bits) => new ByteRanges([0, 2 ** bits]),
  );

  /** start0, end0, start1, end1, ... ascending. */
  readonly #bounds: readonly number[];

  private constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  static of(start: number, end: number): ByteRanges {
    if (start >= end) return ByteRanges.empty;
    if (start === 0 && end <= 2 ** wholeBitsMax && Number.isInteger(end) && (end & (end - 1)) === 0) {
      return ByteRanges.#wholes[31 - Math.clz32(end)] as ByteRanges;
    }
    return new ByteRanges([start, end]);
  }

  get isEmpty(): boolean {
    return this.#bounds.length === 0;
  }

  /** How many ranges the set has. */
  get rangeCount(): number {
    return this.#bounds.length / 2;
  }

  /** How many bytes the set has. */
  get byteCount(): number {
    let sum = 0;
    for (let at = 0; at < this.#bounds.length; at += 2) sum += this.end(at / 2) - this.start(at / 2);
    return sum;
  }

  start(range: number): number {
    return this.#bounds[range * 2] as number;
  }

  end(range: number): number {
    return this.#bounds[range * 2 + 1] as number;
  }

  /** Whether every byte of [start, end) is in the set. */
  covers(start: number, end: number): boolean {
    if (start >= end) return true;
    const bounds = this.#bounds;
    for (let at = 0; at < bounds.length; at += 2) {
      if ((bounds[at + 1] as number) >= end) return (bounds[at] as number) <= start;
    }
    return false;
  }

  /** Whether any byte of [start, end) is in the set. */
  touches(start: number, end: number): boolean {
    if (start >= end) return false;
    const bounds = this.#bounds;
    for (let at = 0; at < bounds.length; at += 2) {
      if ((bounds[at] as number) < end && (bounds[at + 1] as number) > start) return true;
    }
    return false;
  }

  /** The set with [start, end) added. */
  plus(start: number, end: number): ByteRanges {
    if (this.covers(start, end)) return this;
    const bounds = this.#bounds;
    if (bounds.length === 0) return ByteRanges.of(start, end);
    if (bounds.length === 2 && this.start(0) <= end && this.end(0) >= start) {
      return ByteRanges.of(Math.min(this.start(0), start), Math.max(this.end(0), end));
    }
    const result: number[] = [];
    let low = start;
    let high = end;
    let at = 0;
    while (at < bounds.length && (bounds[at + 1] as number) < start)
      result.push(bounds[at++] as number, bounds[at++] as number);
    while (at < bounds.length && (bounds[at] as number) <= end) {
      low = Math.min(low, bounds[at++] as number);
      high = Math.max(high, bounds[at++] as number);
    }
    result.push(low, high);
    while (at < bounds.length) result.push(bounds[at++] as number);
    return result.length === 2 ? ByteRanges.of(low, high) : new ByteRanges(result);
  }

  /** The set without [start, end). */
  minus(start: number, end: number): ByteRanges {
    if (!this.touches(start, end)) return this;
    const result: number[] = [];
    for (let range = 0; range < this.rangeCount; range++) {
      const low = this.start(range);
      const high = this.end(range);
      if (low < start) result.push(low, Math.min(high, start));
      if (high > end) result.push(Math.max(low, end), high);
    }
    if (result.length === 2) return ByteRanges.of(result[0] as number, result[1] as number);
    return result.length === 0 ? ByteRanges.empty : new ByteRanges(result);
  }

  /** The bytes of either set. */
  union(other: ByteRanges): ByteRanges {
    let result: ByteRanges = this;
    for (let range = 0; range < other.rangeCount; range++) result = result.plus(other.start(range), other.end(range));
    return result;
  }

  /** The bytes of this set that are not in the other. */
  except(other: ByteRanges): ByteRanges {
    let result: ByteRanges = this;
    for (let range = 0; range < other.rangeCount; range++) result = result.minus(other.start(range), other.end(range));
    return result;
  }

  /** The bytes of [start, end) that are not in the set. */
  gaps(start: number, end: number): ByteRanges {
    return ByteRanges.of(start, end).except(this);
  }

  equals(other: ByteRanges): boolean {
    return (
      this.#bounds.length === other.#bounds.length && this.#bounds.every((bound, at) => bound === other.#bounds[at])
    );
  }

  toString(): string {
    const parts: string[] = [];
    for (let range = 0; range < this.rangeCount; range++) parts.push(`[${this.start(range)},${this.end(range)})`);
    return parts.join(" ");
  }

  /** Sorted, disjoint, not touching, not empty: checked after every step of a test. */
  checkInvariants(): void {
    assert(this.#bounds.length % 2 === 0, "bounds of byte ranges come in pairs");
    for (let at = 1; at < this.#bounds.length; at++) {
      assert((this.#bounds[at - 1] as number) < (this.#bounds[at] as number), "bounds of byte ranges ascend");
    }
  }
}
