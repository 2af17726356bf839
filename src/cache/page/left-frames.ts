/**
 * Frames that pages had before and that somebody still uses: a reader who holds the page may have views of them, a fill that has
 * locked it may write to them. The pool has them back when neither does.
 *
 *   a page's frame --leave--> left --the page is neither held nor locked: letGo--> the pool's
 */
import type { FramePool } from "./frame-pool.ts";
import type { Page } from "./page.ts";

export class LeftFrames {
  readonly #pool: FramePool;
  readonly #framesOf: Map<Page, Uint8Array[]> = new Map();

  constructor(pool: FramePool) {
    this.#pool = pool;
  }

  /** Gives back a taken frame that the page had. */
  give(page: Page, frame: Uint8Array): void {
    this.#pool.untake();
    this.leave(page, frame);
  }

  /** Leaves a frame that the page had, and that has no place in the budget any more, to whoever uses it. */
  leave(page: Page, frame: Uint8Array): void {
    if (!isInUse(page)) {
      this.#pool.leave(frame);
      return;
    }
    const left = this.#framesOf.get(page);
    if (left === undefined) this.#framesOf.set(page, [frame]);
    else left.push(frame);
  }

  /** Called when the page was released or its fill has ended. */
  letGo(page: Page): void {
    if (this.#framesOf.size === 0 || isInUse(page)) return;
    const left = this.#framesOf.get(page);
    if (left === undefined) return;
    this.#framesOf.delete(page);
    for (const frame of left) this.#pool.leave(frame);
  }
}

function isInUse(page: Page): boolean {
  return page.holdCount > 0 || page.locked;
}
