/**
 * Copies of a file's bytes that somebody outside the cache keeps: the kernel, of pages that programs have mapped through a
 * mount. What programs write through the same kernel goes into the copies as well; what others change, and what is refused,
 * only the volume can tell of, and then the copies go.
 *
 *   (none) --keep: fetched, and nothing came between--> kept --store: through a mapping--> stored to --send--> kept
 *     ^                                                  |
 *     +--- drop: told that it is out of date; changed: cut, punched, or written by several at once
 *
 * A page that was stored to is not dropped before it is sent, as the kernel launders it first. I1 A copy lies in one page of
 * the kernel's. I2 A kept copy may be shown to programs as the answer to a read that is asked now.
 */
import type { LocalChange, Tick } from "./change.ts";
import type { ModelFile } from "./model-file.ts";

/** The size of a page of the kernel's, whatever that of the cache is. */
export const copyPageBytes = 4096;

export interface KeptCopy {
  readonly start: number;
  /** From the start of the page on; fewer than a page at the end of the file. */
  bytes: Uint8Array;
  /** What its bytes tell when a program has stored them and they are still to be sent; 0 otherwise. */
  storedId: number;
}

export class KeptCopies {
  readonly #file: ModelFile;
  readonly #copies: Map<number, KeptCopy> = new Map();
  /** How often bytes were called out of date. */
  dropCount = 0;

  constructor(file: ModelFile) {
    this.#file = file;
  }

  get(start: number): KeptCopy | undefined {
    return this.#copies.get(start);
  }

  has(start: number): boolean {
    return this.#copies.has(start);
  }

  [Symbol.iterator](): IterableIterator<KeptCopy> {
    return this.#copies.values();
  }

  /** Whether bytes with this id were stored and not sent. */
  tells(id: number): boolean {
    for (const { storedId } of this.#copies.values()) if (storedId === id) return true;
    return false;
  }

  /** Keeps bytes that were asked for at `from`, when the drop count was `dropCount`, unless they may be old by now. */
  keep(start: number, bytes: Uint8Array, from: Tick, dropCount: number): void {
    if (this.#copies.has(start) || dropCount !== this.dropCount) return;
    if (bytes.length === 0 || this.#meetsChange(start, from, undefined)) return;
    this.#copies.set(start, { start, bytes, storedId: 0 });
  }

  /** A program stored to the whole of a page that is kept. */
  store(copy: KeptCopy, id: number): void {
    copy.bytes = Uint8Array.from(this.#file.pattern.bytes(id, copy.start, copy.bytes.length));
    copy.storedId = id;
  }

  /** Bytes [start, end) are out of date: somebody was told so. */
  drop(start: number, end: number): void {
    this.dropCount += 1;
    this.#forgetRange(start, end);
  }

  /** A local change has ended, well or not; it was to reach to `offeredEnd`. */
  changed(change: LocalChange, offeredEnd: number): void {
    const { kind, start, end, isVoid } = change;
    if (this.#copies.size === 0 || start < 0) return;
    if (kind !== "write" || isVoid) {
      this.#forgetRange(start, end);
      return;
    }
    for (const copy of this.#overlapped(start, end)) {
      const isAlone = !this.#meetsChange(copy.start, change.begun, change);
      if (!isAlone || start > copy.start + copy.bytes.length) this.#copies.delete(copy.start);
      else this.#write(copy, change);
    }
    if (end < offeredEnd) this.#forgetRange(end, offeredEnd);
  }

  /** The file is known to end at `size` now: with fresh attributes, the kernel cuts what it keeps by itself. */
  cut(size: number): void {
    for (const copy of [...this]) if (copy.start + copy.bytes.length > size) this.forget(copy);
  }

  forget(copy: KeptCopy): void {
    if (this.#copies.get(copy.start) === copy) this.#copies.delete(copy.start);
  }

  clear(): void {
    this.#copies.clear();
  }

  #write(copy: KeptCopy, { start, end, valueId }: LocalChange): void {
    const from = Math.max(start, copy.start);
    const to = Math.min(end, copy.start + copyPageBytes);
    const bytes = new Uint8Array(Math.max(copy.bytes.length, to - copy.start));
    bytes.set(copy.bytes);
    bytes.set(this.#file.pattern.bytes(valueId, from, to - from), from - copy.start);
    copy.bytes = bytes;
  }

  #forgetRange(start: number, end: number): void {
    for (const copy of this.#overlapped(start, end)) this.#copies.delete(copy.start);
  }

  /** The copies whose page meets the range and that are not stored to. */
  #overlapped(start: number, end: number): KeptCopy[] {
    return [...this.#copies.values()].filter(
      (copy) => copy.storedId === 0 && copy.start < end && copy.start + copyPageBytes > start,
    );
  }

  /** Whether a local change other than `except` was under way in the page since `from`. */
  #meetsChange(start: number, from: Tick, except: LocalChange | undefined): boolean {
    const end = start + copyPageBytes;
    return this.#file.locals.some(
      (change) =>
        change !== except && change.ended >= from && (change.start < 0 || (change.start < end && change.end > start)),
    );
  }
}
