/**
 * What a cache says to whoever waits for a frame: that none comes, because refused bytes hold all of them (G20). It is looked
 * at in the turn in which it is said, page by page, whatever the cache's own books have.
 */
import { Failure } from "../../src/base/index.ts";
import { classify, type PageCache } from "../../src/cache/index.ts";
import type { Page } from "../../src/cache/page/page.ts";
import type { FilePages } from "../../src/cache/space/file-pages.ts";

export class FramesRefused {
  /** Said when it was so. */
  readonly #lawful: WeakSet<Failure> = new WeakSet();
  /** The first one that was said when a frame could have come. */
  complaint: string | undefined;

  heard(thrown: unknown, { pool }: PageCache, spaces: Iterable<FilePages>): void {
    // Whoever is interrupted, or waits when the cache is closed, hears something else.
    if (!(thrown instanceof Failure) || thrown.cause === undefined) return;
    const hope = hopeIn(spaces, pool.takenCount);
    if (hope === undefined) this.#lawful.add(thrown);
    else this.complaint ??= `no frame is given with ${thrown.code}, but ${hope} (G20)`;
  }

  /** Whether the failure is one of them, or came of one. */
  explain(thrown: unknown): boolean {
    for (let cause = thrown; cause instanceof Failure; cause = cause.cause) if (this.#lawful.has(cause)) return true;
    return false;
  }
}

/** Why a frame may come, if one may. */
function hopeIn(spaces: Iterable<FilePages>, takenCount: number): string | undefined {
  const frames = new Set<Uint8Array>();
  for (const { pages, standingFailure } of spaces) {
    const maySend = standingFailure === undefined || ["transient", "local"].includes(classify(standingFailure));
    for (let page = pages.next(0); page !== undefined; page = pages.next(page.index + 1)) {
      if (page.sending !== null) return `page ${page.index} is in flight`;
      if (!page.dirty.isEmpty && maySend) return `page ${page.index} may still be sent`;
      if (page.dirty.isEmpty && page.unrescued === null) return `page ${page.index} is clean`;
      for (const frame of framesOf(page)) frames.add(frame);
    }
  }
  if (frames.size >= takenCount) return undefined;
  return `${takenCount - frames.size} frames are taken by somebody who gives them back`;
}

/** The frames within the budget that the page keeps. */
function framesOf(page: Page): Uint8Array[] {
  const frozen = (page.unrescued ?? []).filter(({ sending }) => !sending.frameAbandoned);
  return [page.frame, ...frozen.map(({ sending }) => sending.frame)];
}
