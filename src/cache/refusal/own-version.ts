/**
 * A writer's own version of a file that met a conflict: what the file was when the bytes were written, and the refused bytes
 * over it. The store has it no more, so it is known only as long as the cache has all of it: pages are evicted, others write,
 * another version comes in.
 */
import { type ByteCount, type ByteOffset, ByteRanges } from "../../base/index.ts";
import type { FilePages } from "../space/file-pages.ts";
import type { Refusal, RefusedPart } from "./refusal.ts";

/** A copy beside a file, with the bytes that met a conflict. */
export interface ConflictCopy {
  readonly path: string;
  /** Whether it is the writer's own version; otherwise it has the store's newer bytes besides the refused ones. */
  readonly isOwnVersion: boolean;
}

export class OwnVersion {
  readonly #space: FilePages;
  readonly #refusal: Refusal;
  readonly #parts: ReadonlyMap<number, RefusedPart>;
  readonly #baseSize: ByteCount;

  constructor(space: FilePages, refusal: Refusal) {
    this.#space = space;
    this.#refusal = refusal;
    this.#parts = new Map(refusal.parts.map((part) => [part.page.index, part]));
    this.#baseSize = space.storeSize;
  }

  get size(): ByteCount {
    return Math.max(this.#baseSize, this.#refusal.end(this.#space.pageSize) as number);
  }

  /** Copies the version's bytes from `offset` on, in one turn; false when they are not all known. */
  copyTo(offset: ByteOffset, target: Uint8Array): boolean {
    const { pageSize } = this.#space;
    const end = offset + target.length;
    if (!this.#isAtBase) return false;
    target.fill(0);
    for (let index = Math.floor(offset / pageSize); index * pageSize < end; index++) {
      const pageStart = index * pageSize;
      const wanted = ByteRanges.of(Math.max(0, offset - pageStart), Math.min(pageSize, end - pageStart));
      const known = this.#copyPage(index, target.subarray(Math.max(0, pageStart - offset)), wanted);
      if (!wanted.except(known).isEmpty) return false;
    }
    return true;
  }

  /** Whether what is clean in the cache is of the version that the bytes were written on. */
  get #isAtBase(): boolean {
    const { version, mixesVersions, isDoubtful } = this.#space;
    return version === this.#refusal.baseVersion && !mixesVersions && !isDoubtful;
  }

  /** Copies what is known of the wanted bytes of a page; `target` begins with the first of them. */
  #copyPage(index: number, target: Uint8Array, wanted: ByteRanges): ByteRanges {
    const page = this.#space.pages.get(index);
    const part = this.#parts.get(index);
    // Beyond the end that the file had lie zeros.
    let known = ByteRanges.of(Math.max(0, this.#baseSize - index * this.#space.pageSize), this.#space.pageSize);
    const take = (frame: Uint8Array, ranges: ByteRanges): void => {
      const first = wanted.start(0);
      const taken = ranges.except(ranges.except(wanted));
      for (let range = 0; range < taken.rangeCount; range++) {
        target.set(frame.subarray(taken.start(range), taken.end(range)), taken.start(range) - first);
      }
      known = known.union(taken);
    };
    if (page !== undefined) take(page.frame, page.valid.except(page.onlyHere));
    if (part !== undefined) take(part.sending.frame, part.sending.ranges);
    return known;
  }
}
