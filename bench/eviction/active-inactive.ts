/**
 * The kernel's two lists with shadow entries (mm/swap.c, mm/vmscan.c, mm/workingset.c).
 *
 * Words. *Inactive* holds newcomers and what was demoted; victims are taken from its tail. *Active* holds what was used
 * twice. The *age* counts evictions and activations: the distance between the age at which an entry went and the age at
 * which it comes back (its refault distance) says how many entries more would have kept it.
 *
 * Invariants.
 *   I1  An entry's mark is 0 if and only if it stands in no list; otherwise it names the one list it stands in.
 *   I2  A search demotes while active is longer than the kernel lets it be, in steps of a bounded number of entries:
 *       active / inactive <= sqrt(10 x gigabytes), at least 1 (inactive_is_low).
 *   I3  As in the kernel, the visit that brought an entry in is one of its two, and an active entry is demoted whether
 *       or not it was visited; if it was, one visit more brings it back.
 *
 *          admit, unknown or too long gone     admit, refault distance <= active
 *               |                                   |
 *               v          accessed twice           v
 *            inactive -----------------------> active
 *               |     <-----------------------
 *               |       victim: active is too long
 *               v
 *         gone, a shadow
 */
import { assert } from "../../src/base/index.ts";
import { EvictionList } from "../../src/cache/reclaim/eviction-list.ts";
import { declinedCountMax, type Evictable, type EvictionPolicy } from "../../src/cache/reclaim/eviction-policy.ts";
import { GhostTable } from "../../src/cache/reclaim/ghost-table.ts";

const inInactive = 1;
const inActive = 2;
const listMask = 3;
const referenced = 4;

/** Entries demoted in one search at most. */
const demotionCountMax = 32;

/** Least-recently-used in two steps, corrected by what came back too soon. */
export class ActiveInactive<Entry extends Evictable> implements EvictionPolicy<Entry> {
  readonly #inactive = new EvictionList<Entry>();
  readonly #active = new EvictionList<Entry>();
  readonly #shadows: GhostTable;
  readonly #activeShareMax: number;
  #age = 0;

  /**
   * @param entryCountMax How many entries memory has room for.
   * @param bytesMax How many bytes they are, which sets how long active may grow.
   */
  constructor(entryCountMax: number, bytesMax: number) {
    this.#shadows = new GhostTable(entryCountMax);
    const ratio = Math.max(1, Math.floor(Math.sqrt((10 * bytesMax) / 2 ** 30)));
    this.#activeShareMax = ratio / (ratio + 1);
  }

  get size(): number {
    return this.#inactive.size + this.#active.size;
  }

  admit(entry: Entry): void {
    assert(entry.evictionMark === 0, "an entry is admitted once");
    const refaultDistance = this.#shadows.take(entry.evictionKey, this.#age);
    if (refaultDistance >= 0 && refaultDistance <= this.#active.size) {
      entry.evictionMark = inActive;
      this.#active.pushHead(entry);
      this.#grow();
    } else {
      entry.evictionMark = inInactive;
      this.#inactive.pushHead(entry);
    }
  }

  remove(entry: Entry): void {
    assert(entry.evictionMark !== 0, "an entry that is removed was admitted");
    this.#listOf(entry).unlink(entry);
    entry.evictionMark = 0;
  }

  accessed(entry: Entry): void {
    const mark = entry.evictionMark;
    if ((mark & referenced) === 0) entry.evictionMark = mark | referenced;
    else if ((mark & inInactive) !== 0) this.#activate(entry);
  }

  #activate(entry: Entry): void {
    this.#inactive.unlink(entry);
    entry.evictionMark = inActive;
    this.#active.pushHead(entry);
    this.#grow();
  }

  #grow(): void {
    this.#age = (this.#age + 1) >>> 0;
  }

  victim(evictable: (entry: Entry) => boolean): Entry | null {
    const declinedMax = Math.min(this.size, declinedCountMax);
    this.#balance();
    const inactiveSize = this.#inactive.size;
    for (let declined = 0; declined < declinedMax; declined++) {
      const entry = (declined < inactiveSize ? this.#inactive.tail : null) ?? this.#active.tail ?? this.#inactive.tail;
      if (entry === null) return null;
      if (evictable(entry)) {
        this.remove(entry);
        this.#shadows.remember(entry.evictionKey, this.#age);
        this.#grow();
        return entry;
      }
      this.#listOf(entry).moveToHead(entry);
    }
    return null;
  }

  /** Demotes from the tail of active until inactive is long enough. */
  #balance(): void {
    const activeSizeMax = this.size * this.#activeShareMax;
    for (let count = 0; count < demotionCountMax && this.#active.size > activeSizeMax; count++) {
      const entry = this.#active.tail as Entry;
      this.#active.unlink(entry);
      entry.evictionMark = inInactive | (entry.evictionMark & referenced);
      this.#inactive.pushHead(entry);
    }
  }

  #listOf(entry: Entry): EvictionList<Entry> {
    return (entry.evictionMark & inActive) !== 0 ? this.#active : this.#inactive;
  }

  checkInvariants(): void {
    this.#inactive.checkInvariants((entry) => {
      assert((entry.evictionMark & listMask) === inInactive, "I1: the mark of an inactive entry says so");
    });
    this.#active.checkInvariants((entry) => {
      assert((entry.evictionMark & listMask) === inActive, "I1: the mark of an active entry says so");
    });
  }
}
