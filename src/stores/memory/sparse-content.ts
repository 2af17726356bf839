/**
 * The bytes of a file as segments of at most 64 KiB that exist only where something was written, so that a file of holes
 * costs nothing. A segment is as long as its last written byte needs, rounded up to a power of two; what lies beyond it
 * inside the segment reads as zeros.
 *
 * I1 No segment starts at or after `size`.
 * I2 Bytes of a segment at or after `size` are zero.
 * I3 `storedBytes` is the sum of the lengths of all segments.
 * I4 A segment that the latest snapshot shares is never written: the writer replaces it by a copy.
 */
import { assert, type ByteCount, type ByteOffset } from "../../base/index.ts";

const segmentBytes = 65536;
const segmentBytesMin = 512;

export class SparseContent {
  #segments = new Map<number, Uint8Array>();
  #shared: ReadonlyMap<number, Uint8Array> | undefined;
  #size: ByteCount = 0;
  #storedBytes: ByteCount = 0;

  get size(): ByteCount {
    return this.#size;
  }

  /** Bytes of memory that the segments take. */
  get storedBytes(): ByteCount {
    return this.#storedBytes;
  }

  /** Copies bytes from `offset` into the frames, in order; answers how many, fewer than asked for only at the end. */
  read(offset: ByteOffset, frames: readonly Uint8Array[]): ByteCount {
    let at = offset;
    for (const frame of frames) {
      const end = Math.min(at + frame.length, this.#size);
      if (end < at || at >= this.#size) break;
      this.#readInto(at, frame.subarray(0, end - at));
      at = end;
    }
    return Math.max(0, at - offset);
  }

  #readInto(offset: ByteOffset, target: Uint8Array): void {
    let done = 0;
    while (done < target.length) {
      const within = (offset + done) % segmentBytes;
      const count = Math.min(segmentBytes - within, target.length - done);
      const segment = this.#segments.get(Math.floor((offset + done) / segmentBytes));
      const stored = segment === undefined ? 0 : Math.max(0, Math.min(count, segment.length - within));
      if (segment !== undefined && stored > 0) target.set(segment.subarray(within, within + stored), done);
      if (stored < count) target.fill(0, done + stored, done + count);
      done += count;
    }
  }

  /** Copies the frames, in order, to `offset`; the size grows as needed. */
  write(offset: ByteOffset, frames: readonly Uint8Array[]): ByteCount {
    let at = offset;
    for (const frame of frames) {
      let done = 0;
      while (done < frame.length) {
        const within = at % segmentBytes;
        const count = Math.min(segmentBytes - within, frame.length - done);
        this.#writable(Math.floor(at / segmentBytes), within + count).set(frame.subarray(done, done + count), within);
        done += count;
        at += count;
      }
    }
    if (at > offset) this.#size = Math.max(this.#size, at);
    return at - offset;
  }

  /** How many bytes of memory a write of [offset, offset + length) would add. */
  growthOfWrite(offset: ByteOffset, length: ByteCount): ByteCount {
    let growth = 0;
    for (let at = offset; at < offset + length; ) {
      const within = at % segmentBytes;
      const count = Math.min(segmentBytes - within, offset + length - at);
      const present = this.#segments.get(Math.floor(at / segmentBytes))?.length ?? 0;
      growth += Math.max(0, capacityFor(within + count) - present);
      at += count;
    }
    return growth;
  }

  #writable(index: number, end: number): Uint8Array {
    const present = this.#segments.get(index);
    if (present !== undefined && present.length >= end && this.#shared?.get(index) !== present) return present;
    const segment = new Uint8Array(Math.max(capacityFor(end), present?.length ?? 0));
    if (present !== undefined) segment.set(present);
    this.#store(index, segment);
    return segment;
  }

  #store(index: number, segment: Uint8Array | undefined): void {
    this.#storedBytes += (segment?.length ?? 0) - (this.#segments.get(index)?.length ?? 0);
    if (segment === undefined) this.#segments.delete(index);
    else this.#segments.set(index, segment);
  }

  /** Cuts the content, or extends it with a hole. */
  resize(size: ByteCount): void {
    if (size < this.#size) this.#clear(size, this.#size);
    this.#size = size;
  }

  /** Makes [offset, offset + length) read as zeros; whole segments are given back; the size stays. */
  punch(offset: ByteOffset, length: ByteCount): void {
    this.#clear(offset, Math.min(offset + length, this.#size));
  }

  #clear(start: number, end: number): void {
    if (start >= end) return;
    const first = Math.floor(start / segmentBytes);
    const last = Math.floor((end - 1) / segmentBytes);
    if (last - first < this.#segments.size) {
      for (let index = first; index <= last; index++) this.#clearSegment(index, start, end);
    } else {
      for (const index of [...this.#segments.keys()]) this.#clearSegment(index, start, end);
    }
  }

  #clearSegment(index: number, start: number, end: number): void {
    const segment = this.#segments.get(index);
    if (segment === undefined) return;
    const base = index * segmentBytes;
    const low = Math.max(0, start - base);
    const high = Math.min(segment.length, end - base);
    if (low >= high) return;
    const isLastOfFile = base + segment.length >= this.#size && end >= this.#size;
    if (low === 0 && (high === segment.length || isLastOfFile)) this.#store(index, undefined);
    else this.#writable(index, segment.length).fill(0, low, high);
  }

  /** The first position at or after `offset` that lies in a segment, or in none (the end counts as a hole). */
  seek(offset: ByteOffset, whence: "data" | "hole"): ByteOffset | undefined {
    if (offset >= this.#size) return undefined;
    const first = Math.floor(offset / segmentBytes);
    if (whence === "hole") {
      let index = first;
      while (this.#segments.has(index)) index++;
      return Math.min(this.#size, Math.max(offset, index * segmentBytes));
    }
    if (this.#segments.has(first)) return offset;
    let nearest = Number.POSITIVE_INFINITY;
    for (const index of this.#segments.keys()) if (index > first && index < nearest) nearest = index;
    return nearest === Number.POSITIVE_INFINITY ? undefined : nearest * segmentBytes;
  }

  /** The content as it is now; later writes to either do not show in the other. */
  snapshot(): SparseContent {
    const copy = new SparseContent();
    copy.#segments = new Map(this.#segments);
    copy.#shared = this.#segments;
    copy.#size = this.#size;
    copy.#storedBytes = this.#storedBytes;
    this.#shared = copy.#segments;
    return copy;
  }

  checkInvariants(): void {
    let sum = 0;
    for (const [index, segment] of this.#segments) {
      sum += segment.length;
      assert(index * segmentBytes < this.#size, "no segment starts at or after the size");
      const tailStart = Math.max(0, this.#size - index * segmentBytes);
      assert(isZero(segment, tailStart), "bytes after the size are zero");
    }
    assert(sum === this.#storedBytes, "stored bytes are the sum of the segments");
  }
}

function capacityFor(bytes: number): number {
  let capacity = segmentBytesMin;
  while (capacity < bytes) capacity *= 2;
  return capacity;
}

function isZero(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}
