/**
 * S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023): three first-in-first-out queues.
 *
 * Words. *Small* is the queue of newcomers, a tenth of the entries; *main* holds those that proved themselves; *ghosts*
 * are the keys of those that left small without proof.
 *
 * Invariants.
 *   I1  An entry's mark is 0 if and only if it stands in no queue; otherwise it names the one queue it stands in.
 *   I2  A use count is 0 to 3; the first visit of a newcomer is the reason it came, and is not counted.
 *   I3  A ghost older than as many departures as there are entries counts as forgotten.
 *
 *          admit, unknown          admit, a ghost
 *               |                       |
 *               v    victim: used again v
 *             small ----------------> main <--+ victim: used, count - 1
 *               |                       | \___|
 *               | victim: not           | victim: not used
 *               v                       v
 *         gone, a ghost               gone
 *
 * Two constants differ from the paper's, because of what real programs did (docs/decisions/eviction.md): one visit after
 * the first proves a newcomer, not two (a visit is not a call, so none is counted for nothing), and ghosts are remembered
 * for as long as all entries last, not only those in main. Neither queue is reordered by a visit, so a visit only counts up in the mark.
 */
import { assert } from "../../base/index.ts";
import { EvictionList } from "./eviction-list.ts";
import { declinedCountMax, type Evictable, type EvictionPolicy } from "./eviction-policy.ts";
import { GhostTable } from "./ghost-table.ts";

const useCountMask = 3;
const inSmall = 4;
const inMain = 8;
const fresh = 16;

/** Newcomers' part of all entries. */
const smallShare = 0.1;
/** Visits after the first that prove a newcomer. */
const provenUseCount = 1;
/** Second chances given in one search before the oldest entry goes even so: bounds the time of a call when all are hot. */
const secondChanceCountMax = 4096;

/** Newcomers must be used again before they reach the main queue; a scan passes through a tenth of the cache. */
export class S3Fifo<Entry extends Evictable> implements EvictionPolicy<Entry> {
  readonly #small = new EvictionList<Entry>();
  readonly #main = new EvictionList<Entry>();
  readonly #ghosts: GhostTable;
  #departureCount = 0;

  /** @param entryCountMax How many entries memory has room for: sizes the memory of those that are gone. */
  constructor(entryCountMax: number) {
    this.#ghosts = new GhostTable(entryCountMax);
  }

  get size(): number {
    return this.#small.size + this.#main.size;
  }

  admit(entry: Entry): void {
    assert(entry.evictionMark === 0, "an entry is admitted once");
    const departedAgo = this.#ghosts.take(entry.evictionKey, this.#departureCount);
    if (departedAgo >= 0 && departedAgo <= this.size) {
      entry.evictionMark = inMain | fresh;
      this.#main.pushHead(entry);
    } else {
      entry.evictionMark = inSmall | fresh;
      this.#small.pushHead(entry);
    }
  }

  remove(entry: Entry): void {
    assert(entry.evictionMark !== 0, "an entry that is removed was admitted");
    this.#queueOf(entry).unlink(entry);
    entry.evictionMark = 0;
  }

  accessed(entry: Entry): void {
    const mark = entry.evictionMark;
    if ((mark & fresh) !== 0) entry.evictionMark = mark & ~fresh;
    else if ((mark & useCountMask) !== useCountMask) entry.evictionMark = mark + 1;
  }

  victim(evictable: (entry: Entry) => boolean): Entry | null {
    const declinedMax = Math.min(this.size, declinedCountMax);
    const fromSmallFirst = this.#small.size > this.size * smallShare;
    const first = fromSmallFirst ? this.#fromSmall(evictable, declinedMax) : this.#fromMain(evictable, declinedMax);
    if (first !== null) return first;
    return fromSmallFirst ? this.#fromMain(evictable, declinedMax) : this.#fromSmall(evictable, declinedMax);
  }

  #fromSmall(evictable: (entry: Entry) => boolean, declinedMax: number): Entry | null {
    for (let declined = 0; declined < declinedMax; ) {
      const entry = this.#small.tail;
      if (entry === null) return null;
      if ((entry.evictionMark & useCountMask) >= provenUseCount) {
        this.#small.unlink(entry);
        entry.evictionMark = inMain;
        this.#main.pushHead(entry);
      } else if (evictable(entry)) {
        this.#departureCount = (this.#departureCount + 1) >>> 0;
        this.#ghosts.remember(entry.evictionKey, this.#departureCount);
        this.remove(entry);
        return entry;
      } else {
        this.#small.moveToHead(entry);
        declined++;
      }
    }
    return null;
  }

  #fromMain(evictable: (entry: Entry) => boolean, declinedMax: number): Entry | null {
    let chances = secondChanceCountMax;
    for (let declined = 0; declined < declinedMax; ) {
      const entry = this.#main.tail;
      if (entry === null) return null;
      if ((entry.evictionMark & useCountMask) !== 0 && chances > 0) {
        entry.evictionMark--;
        this.#main.moveToHead(entry);
        chances--;
      } else if (evictable(entry)) {
        this.remove(entry);
        return entry;
      } else {
        this.#main.moveToHead(entry);
        declined++;
      }
    }
    return null;
  }

  #queueOf(entry: Entry): EvictionList<Entry> {
    return (entry.evictionMark & inMain) !== 0 ? this.#main : this.#small;
  }

  checkInvariants(): void {
    this.#small.checkInvariants((entry) => {
      assert((entry.evictionMark & (inSmall | inMain)) === inSmall, "I1: the mark of an entry in small says so");
    });
    this.#main.checkInvariants((entry) => {
      assert((entry.evictionMark & (inSmall | inMain)) === inMain, "I1: the mark of an entry in main says so");
    });
  }
}
