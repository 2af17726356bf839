/**
 * A cache of a fixed number of pages that holds nothing but the order its policy gives: replays page visits and counts
 * how many of them hit.
 */
import type { Evictable, EvictionPolicy } from "../../src/cache/reclaim/eviction-policy.ts";

/** A page without content. */
export class ReplayedPage implements Evictable {
  evictionNext: Evictable | null = null;
  evictionPrevious: Evictable | null = null;
  evictionMark = 0;
  readonly evictionKey: number;
  readonly page: number;

  constructor(page: number) {
    this.page = page;
    this.evictionKey = (Math.imul(page, 0x9e3779b1) ^ (page >>> 15)) >>> 0;
  }
}

const anyPage = (): boolean => true;

/** One policy under one stream of visits. */
export class Replay {
  readonly policy: EvictionPolicy<ReplayedPage>;
  readonly #pageCountMax: number;
  readonly #pages = new Map<number, ReplayedPage>();
  hitCount = 0;
  visitCount = 0;

  constructor(policy: EvictionPolicy<ReplayedPage>, pageCountMax: number) {
    this.policy = policy;
    this.#pageCountMax = pageCountMax;
  }

  get hitRatio(): number {
    return this.visitCount === 0 ? 0 : this.hitCount / this.visitCount;
  }

  has(page: number): boolean {
    return this.#pages.has(page);
  }

  /** Visits one page, bringing it in where it is missing; answers whether it was there. */
  visit(page: number): boolean {
    this.visitCount++;
    const present = this.#pages.get(page);
    if (present !== undefined) {
      this.policy.accessed(present);
      this.hitCount++;
      return true;
    }
    if (this.#pages.size >= this.#pageCountMax) {
      const victim = this.policy.victim(anyPage);
      if (victim !== null) this.#pages.delete(victim.page);
    }
    const entry = new ReplayedPage(page);
    this.#pages.set(page, entry);
    this.policy.admit(entry);
    this.policy.accessed(entry);
    return false;
  }

  /** Drops a page whose file was truncated or removed. */
  drop(page: number): void {
    const present = this.#pages.get(page);
    if (present === undefined) return;
    this.#pages.delete(page);
    this.policy.remove(present);
  }
}
