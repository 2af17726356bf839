/**
 * A doubly linked list through the entries' own links. New entries enter at the head; the oldest stands at the tail.
 */
import { assert } from "../../base/index.ts";
import type { Evictable } from "./eviction-policy.ts";

/** A queue of entries; an entry stands in one list at a time. */
export class EvictionList<Entry extends Evictable> {
  #head: Entry | null = null;
  #tail: Entry | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get tail(): Entry | null {
    return this.#tail;
  }

  /** The neighbour on the side of the head, the next younger one. */
  younger(entry: Entry): Entry | null {
    return entry.evictionPrevious as Entry | null;
  }

  pushHead(entry: Entry): void {
    const head = this.#head;
    entry.evictionPrevious = null;
    entry.evictionNext = head;
    if (head === null) this.#tail = entry;
    else head.evictionPrevious = entry;
    this.#head = entry;
    this.#size++;
  }

  unlink(entry: Entry): void {
    const previous = entry.evictionPrevious as Entry | null;
    const next = entry.evictionNext as Entry | null;
    if (previous === null) this.#head = next;
    else previous.evictionNext = next;
    if (next === null) this.#tail = previous;
    else next.evictionPrevious = previous;
    entry.evictionPrevious = null;
    entry.evictionNext = null;
    this.#size--;
  }

  moveToHead(entry: Entry): void {
    if (entry === this.#head) return;
    this.unlink(entry);
    this.pushHead(entry);
  }

  /** The links agree in both directions and the count is theirs; `check` sees every entry. */
  checkInvariants(check: (entry: Entry) => void): void {
    let count = 0;
    let previous: Entry | null = null;
    for (let entry = this.#head; entry !== null; entry = entry.evictionNext as Entry | null) {
      assert(entry.evictionPrevious === previous, "an eviction list's links agree in both directions");
      check(entry);
      previous = entry;
      count++;
      assert(count <= this.#size, "an eviction list has no ring");
    }
    assert(this.#tail === previous, "an eviction list ends at its tail");
    assert(count === this.#size, "an eviction list counts its entries");
  }
}
