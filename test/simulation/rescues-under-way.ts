/**
 * The rescues that have not ended, and the frames that they may read. One that is late keeps its frames though the file goes;
 * where such frames are a quarter of the budget, nothing more is entrusted to the store, and what is asked of it ends with
 * ETIMEDOUT (docs/semantics.md, "Memory beside the budget"). The cache's own count of such frames is not asked.
 */
import type { Clock, Milliseconds } from "../../src/base/index.ts";
import type { RefusedBytes } from "../../src/port/index.ts";
import type { Scenario } from "./scenario.ts";

interface UnderWay {
  readonly pageCount: number;
  readonly sinceMs: Milliseconds;
}

export class RescuesUnderWay {
  readonly #clock: Clock;
  readonly #deadlineMs: Milliseconds;
  readonly #scenario: Pick<Scenario, "pageSize" | "budgetPages">;
  readonly #underWay: Set<UnderWay> = new Set();
  #haveHeldTooMuch = false;

  constructor(clock: Clock, deadlineMs: Milliseconds, scenario: Pick<Scenario, "pageSize" | "budgetPages">) {
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
    this.#scenario = scenario;
  }

  /** Whether late ones have a quarter of the frames, or had since what has ended was forgotten. */
  get haveHeldTooMuch(): boolean {
    this.#look();
    return this.#haveHeldTooMuch;
  }

  forgetEnded(): void {
    this.#haveHeldTooMuch = false;
  }

  async during<Result>(refused: RefusedBytes, rescue: () => Promise<Result>): Promise<Result> {
    const underWay: UnderWay = { pageCount: this.#pageCountOf(refused), sinceMs: this.#clock.nowMs() };
    this.#underWay.add(underWay);
    try {
      return await rescue();
    } finally {
      // They are most just before one of them ends.
      this.#look();
      this.#underWay.delete(underWay);
    }
  }

  #look(): void {
    const lateSinceMs = this.#clock.nowMs() - this.#deadlineMs;
    let pageCount = 0;
    for (const each of this.#underWay) if (each.sinceMs <= lateSinceMs) pageCount += each.pageCount;
    this.#haveHeldTooMuch ||= pageCount * 4 >= this.#scenario.budgetPages;
  }

  #pageCountOf({ ranges }: RefusedBytes): number {
    const { pageSize } = this.#scenario;
    const pages = new Set<number>();
    for (const { offset, byteCount } of ranges) {
      for (let page = Math.floor(offset / pageSize); page * pageSize < offset + byteCount; page++) pages.add(page);
    }
    return pages.size;
  }
}
