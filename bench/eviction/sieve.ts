/**
 * SIEVE (Zhang et al., "SIEVE is simpler than LRU", NSDI 2024): one queue and a hand.
 *
 * Words. Newcomers enter at the *head*. The *hand* walks from the tail to the head and then starts again at the tail;
 * it takes the first entry that was not visited since it last came by, and clears the mark of those that were. Survivors
 * stay where they stand, which sets SIEVE apart from CLOCK: newcomers meet the hand early, survivors stand behind it.
 *
 * Invariants.
 *   I1  An entry's mark is 0 if and only if it does not stand in the queue.
 *   I2  The hand is null (the tail is next) or an entry of the queue.
 *   I3  The first visit of a newcomer is the reason it came, and does not mark it as visited.
 *
 *       admit             accessed                accessed
 *     --------> fresh ----------------> present ----------> visited
 *                 |                      |   ^                 |
 *                 | victim        victim |   +--- the hand ----+
 *                 v                      v
 *               gone                   gone
 */
import { assert } from "../../src/base/index.ts";
import { EvictionList } from "../../src/cache/reclaim/eviction-list.ts";
import { declinedCountMax, type Evictable, type EvictionPolicy } from "../../src/cache/reclaim/eviction-policy.ts";

const fresh = 1;
const present = 2;
const visited = 3;

/** Marks cleared in one search before the entry under the hand goes even so. */
const secondChanceCountMax = 4096;

/** One queue, one bit an entry, no memory of those that are gone. */
export class Sieve<Entry extends Evictable> implements EvictionPolicy<Entry> {
  readonly #queue = new EvictionList<Entry>();
  #hand: Entry | null = null;

  get size(): number {
    return this.#queue.size;
  }

  admit(entry: Entry): void {
    assert(entry.evictionMark === 0, "an entry is admitted once");
    entry.evictionMark = fresh;
    this.#queue.pushHead(entry);
  }

  remove(entry: Entry): void {
    assert(entry.evictionMark !== 0, "an entry that is removed was admitted");
    if (entry === this.#hand) this.#hand = this.#queue.younger(entry);
    this.#queue.unlink(entry);
    entry.evictionMark = 0;
  }

  accessed(entry: Entry): void {
    const mark = entry.evictionMark;
    if (mark !== visited) entry.evictionMark = mark + 1;
  }

  victim(evictable: (entry: Entry) => boolean): Entry | null {
    const declinedMax = Math.min(this.size, declinedCountMax);
    let chances = secondChanceCountMax;
    for (let declined = 0; declined < declinedMax; ) {
      const entry = this.#hand ?? this.#queue.tail;
      if (entry === null) return null;
      if (entry.evictionMark === visited && chances > 0) {
        entry.evictionMark = present;
        chances--;
        // The entry may go when the hand comes round again, past those that it has declined already.
        declined = 0;
      } else if (evictable(entry)) {
        this.#hand = entry;
        this.remove(entry);
        return entry;
      } else {
        declined++;
      }
      this.#hand = this.#queue.younger(entry);
    }
    return null;
  }

  checkInvariants(): void {
    let handSeen = this.#hand === null;
    this.#queue.checkInvariants((entry) => {
      assert(entry.evictionMark >= fresh && entry.evictionMark <= visited, "I1: the mark of a queued entry is 1 to 3");
      if (entry === this.#hand) handSeen = true;
    });
    assert(handSeen, "I2: the hand points into the queue");
  }
}
