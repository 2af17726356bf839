/**
 * What is remembered of entries that are gone: a key and the age at which it went, in two fixed typed arrays. The table
 * is set-associative: a key may stand in any of the four ways of its bucket, and a new one takes the way of the oldest.
 * Two keys that hash alike are taken for one, and a crowded bucket forgets early: both cost a wrong guess, never a wrong
 * byte. Ages are 32-bit counts that wrap; only their distance means anything.
 */
import { assert } from "../../base/index.ts";

const wayCount = 4;

/** A bounded memory of keys. */
export class GhostTable {
  /** Zero is an empty way. */
  readonly #keys: Uint32Array;
  readonly #ages: Uint32Array;
  readonly #bucketMask: number;

  /** @param capacity About how many keys are remembered; the table has room for up to twice as many. */
  constructor(capacity: number) {
    assert(capacity >= 0 && capacity <= 2 ** 29, "a ghost table has a sensible capacity");
    let bucketCount = 1;
    while (bucketCount * wayCount < capacity * 1.25) bucketCount *= 2;
    this.#bucketMask = bucketCount - 1;
    this.#keys = new Uint32Array(bucketCount * wayCount);
    this.#ages = new Uint32Array(bucketCount * wayCount);
  }

  /** How many keys there is room for. */
  get capacity(): number {
    return this.#keys.length;
  }

  /** Remembers that `key` went at `age`. */
  remember(key: number, age: number): void {
    const wanted = stored(key);
    const first = this.#bucket(wanted);
    let chosen = first;
    let chosenDistance = -1;
    for (let at = first; at < first + wayCount; at++) {
      const standing = this.#keys[at] as number;
      if (standing === wanted || standing === 0) {
        chosen = at;
        if (standing === wanted) break;
        chosenDistance = 2 ** 32;
        continue;
      }
      const distance = (age - (this.#ages[at] as number)) >>> 0;
      if (distance > chosenDistance) {
        chosen = at;
        chosenDistance = distance;
      }
    }
    this.#keys[chosen] = wanted;
    this.#ages[chosen] = age;
  }

  /** Forgets `key` and answers how long ago, in ages, it went; -1 when it is not known. */
  take(key: number, ageNow: number): number {
    const wanted = stored(key);
    const first = this.#bucket(wanted);
    for (let at = first; at < first + wayCount; at++) {
      if (this.#keys[at] === wanted) {
        this.#keys[at] = 0;
        return (ageNow - (this.#ages[at] as number)) >>> 0;
      }
    }
    return -1;
  }

  #bucket(key: number): number {
    const mixed = Math.imul(key ^ (key >>> 16), 0x45d9f3b);
    return ((mixed ^ (mixed >>> 15)) & this.#bucketMask) * wayCount;
  }
}

function stored(key: number): number {
  return key >>> 0 || 1;
}
