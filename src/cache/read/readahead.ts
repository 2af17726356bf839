/**
 * Read-ahead: how much to read when a page is missing, and when to read on before anybody waits. One state per open
 * handle, after the kernel's mm/readahead.c (page_cache_sync_ra, page_cache_async_ra), without folio orders.
 *
 * Words. The *window* is the last run of pages read ahead: `start`, `size`. Its last `asyncSize` pages are still to be
 * come to when the next window should be asked for; the first of them is the *marker*. A *synchronous* read is one that
 * somebody waits for; an *asynchronous* one is asked for on passing a marker, and nobody waits.
 *
 * Invariants.
 *   I1  A window never has more pages than the largest read: `pageCountMax`, or for a longer request the lesser of the
 *       request and `requestPageCountMax`.
 *   I2  0 < asyncSize <= size, or both are 0 (no window yet).
 *   I3  A small random read leaves the window as it was.
 *
 *   no window --missed: start of file, next to the last read, or long--> initial window, marker after the request
 *             --missed: a longer run is cached just before-------------> as long as that run and the request
 *             --missed: otherwise--------------------------------------> the request itself, no window
 *   window ----reached: its own marker--------------------------------> the window after it, larger, marker at its head
 *          ----reached: another's marker (interleaved readers)---------> a window after the cached run that follows
 *
 * The caller clips what is to be read at the end of the file, skips the pages that are cached by now, and may drop the
 * part of a read-ahead that finds no memory or fails; only the pages of the request itself must come.
 */
import { assert, type PageIndex } from "../../base/index.ts";

/** What read-ahead asks of the page cache: how far it is filled around a page. Answers may stop at `countMax`. */
export interface CachedPages {
  /** How many pages are cached without a gap just before `page`. */
  cachedBefore(page: PageIndex, countMax: number): number;
  /** How many pages are cached without a gap from `page` on. */
  cachedFrom(page: PageIndex, countMax: number): number;
}

/** The kernel's default of 128 KiB; stores that are far away want 1 MiB and more. */
export const readaheadBytesDefault = 131072;

const noPage = -1;
/** Not next to any page. */
const neverRead = -2;

/** The read-ahead state of one handle. Its answers stand in fields: deciding allocates nothing. */
export class Readahead {
  readonly pageCountMax: number;
  readonly #requestPageCountMax: number;

  /** The window. */
  start: PageIndex = 0;
  size = 0;
  asyncSize = 0;

  /** The last answer: what to read now, and the page to mark (-1: none). */
  readFirst: PageIndex = 0;
  readCount = 0;
  markerPage: PageIndex = noPage;

  #previousPage: PageIndex = neverRead;

  /**
   * @param pageCountMax Most pages of a window; 0 turns read-ahead off.
   * @param requestPageCountMax Most pages that the store gives at once, for requests longer than a window.
   */
  constructor(pageCountMax: number, requestPageCountMax: number = pageCountMax) {
    assert(pageCountMax >= 0 && Number.isInteger(pageCountMax), "a read-ahead window is a whole number of pages");
    this.pageCountMax = pageCountMax;
    this.#requestPageCountMax = requestPageCountMax;
  }

  /** The last page of the previous read: a read that starts in it continues a visit and is not another one. */
  get previousPage(): PageIndex {
    return this.#previousPage;
  }

  /** To be called after each read, with the last page it touched. */
  visited(lastPage: PageIndex): void {
    this.#previousPage = lastPage;
  }

  /** Whether a read of these pages reaches the window's own marker; the caller then calls `reached`. */
  reaches(firstPage: PageIndex, pageCount: number): boolean {
    const marker = this.start + this.size - this.asyncSize;
    return this.asyncSize !== 0 && marker >= firstPage && marker < firstPage + pageCount;
  }

  /**
   * Page `firstPage` is missing and `pageCount` pages from it on are wanted: sets what to read. The reader waits for the
   * wanted pages of it.
   */
  missed(firstPage: PageIndex, pageCount: number, cached: CachedPages): void {
    const max = this.#windowMax(pageCount);
    const sequential = firstPage === this.#previousPage || firstPage === this.#previousPage + 1;
    if (this.pageCountMax === 0) {
      this.#readAsIs(firstPage, pageCount);
    } else if (firstPage === 0 || pageCount > max || sequential) {
      const size = initialSize(pageCount, max);
      this.#open(firstPage, size, size > pageCount ? size - pageCount : Math.max(1, size >>> 1));
    } else {
      const history = cached.cachedBefore(firstPage, max);
      const sinceStart = history >= firstPage;
      if (history <= pageCount) this.#readAsIs(firstPage, pageCount);
      else this.#open(firstPage, Math.min((sinceStart ? 2 * history : history) + pageCount, max), 1);
    }
  }

  /**
   * A read of `pageCount` pages comes to `page`, which is marked: sets what to read next without waiting, and answers
   * false when there is nothing.
   */
  reached(page: PageIndex, pageCount: number, cached: CachedPages): boolean {
    if (this.pageCountMax === 0) return false;
    const max = this.#windowMax(pageCount);
    if (this.asyncSize !== 0 && page === this.start + this.size - this.asyncSize) {
      const size = nextSize(this.size, max);
      this.#open(this.start + this.size, size, size);
      return true;
    }
    const following = cached.cachedFrom(page + 1, max);
    if (following >= max) return false;
    const size = nextSize(following + 1 + pageCount, max);
    this.#open(page + 1 + following, size, size);
    return true;
  }

  #windowMax(pageCount: number): number {
    if (pageCount <= this.pageCountMax) return this.pageCountMax;
    return Math.max(this.pageCountMax, Math.min(pageCount, this.#requestPageCountMax));
  }

  #open(start: PageIndex, size: number, asyncSize: number): void {
    this.start = start;
    this.size = size;
    this.asyncSize = asyncSize;
    this.readFirst = start;
    this.readCount = size;
    this.markerPage = start + size - asyncSize;
  }

  #readAsIs(firstPage: PageIndex, pageCount: number): void {
    this.readFirst = firstPage;
    this.readCount = pageCount;
    this.markerPage = noPage;
  }

  checkInvariants(): void {
    assert(
      this.size <= Math.max(this.pageCountMax, this.#requestPageCountMax),
      "I1: a window is no longer than allowed",
    );
    assert(
      this.size === 0 ? this.asyncSize === 0 : this.asyncSize > 0 && this.asyncSize <= this.size,
      "I2: a window's marker stands in it",
    );
  }
}

/** The first window for a request (get_init_ra_size): a multiple of the request, the larger the smaller it is. */
export function initialSize(pageCount: number, max: number): number {
  let size = 1;
  while (size < pageCount) size *= 2;
  if (size <= Math.floor(max / 32)) return size * 4;
  if (size <= Math.floor(max / 4)) return size * 2;
  return max;
}

/** The window after one of `size` pages (get_next_ra_size). */
export function nextSize(size: number, max: number): number {
  if (size < Math.floor(max / 16)) return size * 4;
  return size <= Math.floor(max / 2) ? size * 2 : max;
}
