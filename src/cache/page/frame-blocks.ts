/**
 * The memory that frames are cut from: a few *blocks*, each an ArrayBuffer of which a frame is a view.
 *
 * Why not an ArrayBuffer for each frame: the engine's collector counts what ArrayBuffers hold, real or not, and looks through all
 * that it knows after every 64 MiB more. That cost the first reads of a cache more than anything else
 * (docs/decisions/frames-ahead.md).
 *
 * Invariants. I1 All blocks together are never larger than the budget. I2 A block is three times as large as all before it, so a
 * cache that is hardly used stays small, and a large one is told to the collector in a few steps. I3 Frames are cut in ascending
 * order, so memory that was never used lies together and need not be real.
 */
import { type ByteCount, type ByteOffset, rubbishBytes } from "../../base/index.ts";

/** How the platform helps with memory. Without it, memory becomes real when it is first used, by whoever uses it. */
export interface PlatformMemory {
  /** So many bytes with rubbish in them that are not real yet, from the beginning of one of the machine's pages on. */
  make(byteCount: ByteCount): Uint8Array;
  /** Makes memory real, on another thread; its bytes may change. Settles when that is done, in whatever way. */
  prepare(pieces: readonly Uint8Array[]): Promise<void>;
}

const firstBlockBytes: ByteCount = 1024 * 1024;
const blockBytesMax: ByteCount = 1024 * 1024 * 1024;
const none: Uint8Array = new Uint8Array(0);

/** Whether a frame was cut from a block; others have an ArrayBuffer of their own. */
export function isOfBlock(frame: Uint8Array): boolean {
  return frame.buffer.byteLength !== frame.byteLength;
}

export class FrameBlocks {
  readonly #frameBytes: ByteCount;
  readonly #make: (byteCount: ByteCount) => Uint8Array;

  /** Frames that blocks may still be made for, and those that they were made for. */
  #leftCount: number;
  #madeCount = 0;
  #block: Uint8Array = none;
  /** Where the next frame is cut. */
  #cutAt: ByteOffset = 0;

  constructor(
    frameBytes: ByteCount,
    frameCountMax: number,
    make: (byteCount: ByteCount) => Uint8Array = (byteCount) => rubbishBytes(byteCount),
  ) {
    this.#frameBytes = frameBytes;
    this.#leftCount = frameCountMax;
    this.#make = make;
  }

  /** A frame that nobody had yet; one with an ArrayBuffer of its own when the blocks are used up. */
  cut(): Uint8Array {
    if (this.#cutAt === this.#block.byteLength && !this.#addBlock()) return rubbishBytes(this.#frameBytes);
    const frame = new Uint8Array(this.#block.buffer, this.#block.byteOffset + this.#cutAt, this.#frameBytes);
    this.#cutAt += this.#frameBytes;
    return frame;
  }

  #addBlock(): boolean {
    const wanted = Math.max(firstBlockBytes, 3 * this.#madeCount * this.#frameBytes);
    const fitting = Math.floor(Math.min(wanted, blockBytesMax) / this.#frameBytes);
    const count = Math.min(this.#leftCount, fitting);
    if (count === 0) return false;
    try {
      this.#block = this.#make(count * this.#frameBytes);
    } catch (error) {
      // So much in one piece is refused where address space is limited; single frames may still be had.
      if (!(error instanceof RangeError)) throw error;
      this.#leftCount = 0;
      return false;
    }
    this.#cutAt = 0;
    this.#madeCount += count;
    this.#leftCount -= count;
    return true;
  }
}
