/**
 * Which page goes next when memory is short: the question, apart from its answer. A policy orders entries through links
 * and a mark that each entry carries itself, so it allocates nothing a page; what it remembers of entries that are gone
 * stands in fixed arrays (`GhostTable`). The policy knows nothing of dirty pages, locks or budgets: the caller says of
 * each candidate whether it may go.
 *
 * Uses are counted by visit, not by call: a handle that reads one page in sixteen small pieces used it once (the
 * kernel's `filemap_read` compares with the previous position for the same reason). The caller reports every visit, the
 * one that brought the entry in as well; an entry that was read ahead has no visit until somebody comes for it.
 */

/** What a policy needs of an entry. The fields belong to the policy from `admit` to `remove` or `victim`. */
export interface Evictable {
  evictionNext: Evictable | null;
  evictionPrevious: Evictable | null;
  /** Zero outside a policy. */
  evictionMark: number;
  /** A 32-bit hash of the entry's identity (file and page index): how it is recognised when it comes back. */
  readonly evictionKey: number;
}

/** An order of entries by how soon they should go. */
export interface EvictionPolicy<Entry extends Evictable> {
  /** How many entries are ordered. */
  readonly size: number;
  /** Takes a new entry in. */
  admit(entry: Entry): void;
  /** Lets an entry go that leaves for another reason than memory (truncated, invalidated): nothing is remembered. */
  remove(entry: Entry): void;
  /** Notes one visit. A few instructions. */
  accessed(entry: Entry): void;
  /**
   * Takes out and answers the next entry to go. Entries that `evictable` declines are rotated, not waited for. Null when
   * a bounded number of entries was declined: clean some, then ask again; the next call goes on where this one stopped.
   */
  victim(evictable: (entry: Entry) => boolean): Entry | null;
  /** Throws when the order is broken. Walks every entry: for tests. */
  checkInvariants(): void;
}

/** How many declined entries end one search for a victim: bounds the time of a call when most pages are dirty. */
export const declinedCountMax = 256;
