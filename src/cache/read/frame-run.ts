/**
 * A run of bytes as views of page frames, for a reply that is written without copying. The views stay what they are until
 * the next turn, or, where pages are held, until `release`; whoever asked for the run calls `release` when it has used it.
 */
import type { ByteCount } from "../../base/index.ts";
import type { Page } from "../page/page.ts";

export class FrameRun {
  readonly views: Uint8Array[] = [];
  byteCount: ByteCount = 0;
  readonly held: Page[] = [];
  readonly #afterwards: (() => void)[] = [];

  add(view: Uint8Array): void {
    this.views.push(view);
    this.byteCount += view.length;
  }

  /** Has something done when the run is released, because it would delay whoever waits for the bytes. */
  whenReleased(act: () => void): void {
    this.#afterwards.push(act);
  }

  /** Forgets the views, lets the pages go, and does what was put off. */
  release(): void {
    // Taking one off after the other: to set a length costs more than a hit.
    while (this.views.length > 0) this.views.pop();
    this.byteCount = 0;
    while (this.held.length > 0) this.held.pop()?.release();
    while (this.#afterwards.length > 0) this.#afterwards.shift()?.();
  }
}
