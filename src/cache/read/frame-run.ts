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

  add(view: Uint8Array): void {
    this.views.push(view);
    this.byteCount += view.length;
  }

  /** Forgets the views and lets the pages go. */
  release(): void {
    this.views.length = 0;
    this.byteCount = 0;
    for (const page of this.held) page.release();
    this.held.length = 0;
  }
}
