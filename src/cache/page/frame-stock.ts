/**
 * Frames made ahead of use. The first touch of memory costs several times what copying into it costs, and whoever touches
 * it waits for that. Where the platform can make memory real on another thread, frames are made and prepared before they
 * are needed, batch by batch, so a reader finds them as quick as used ones.
 *
 *   made --ordered--> on order --prepared--> ready --take--> the pool's
 *
 * Invariants. I1 Ready frames and those on order are never more than `countMax`. I2 One batch is on order at a time.
 */
import type { ByteCount } from "../../base/index.ts";
import type { PlatformMemory } from "./frame-blocks.ts";

/** How much is prepared at once. */
const batchBytes: ByteCount = 1024 * 1024;

export interface FrameStockOptions {
  readonly frameBytes: ByteCount;
  readonly countMax: number;
  /** A new frame. */
  readonly cut: () => Uint8Array;
  /** Without it nothing is made ahead. */
  readonly prepareMemory: PlatformMemory["prepare"] | undefined;
  /** How many more frames the budget allows, now. */
  readonly room: () => number;
  /** Called when frames have become ready. */
  readonly onReady: () => void;
}

export class FrameStock {
  readonly #options: FrameStockOptions;
  readonly #batchCount: number;
  readonly #ready: Uint8Array[] = [];
  #onOrder = 0;
  #isClosed = false;

  constructor(options: FrameStockOptions) {
    this.#options = options;
    this.#batchCount = Math.max(1, Math.min(options.countMax, Math.floor(batchBytes / options.frameBytes)));
  }

  /** Frames ready and on order. */
  get count(): number {
    return this.#ready.length + this.#onOrder;
  }

  /** A frame whose memory is real; undefined when none is ready. */
  take(): Uint8Array | undefined {
    return this.#ready.pop();
  }

  /** Orders the next batch when one is missing, until the stock is full or the budget spent. */
  refill(): void {
    const { prepareMemory, countMax, room, cut } = this.#options;
    if (prepareMemory === undefined || this.#onOrder > 0 || this.#isClosed) return;
    if (this.#ready.length + this.#batchCount > countMax || this.#batchCount > room()) return;
    const frames = Array.from({ length: this.#batchCount }, cut);
    this.#onOrder = frames.length;
    const arrived = (): void => {
      this.#onOrder = 0;
      this.#ready.push(...frames);
      this.refill();
      this.#options.onReady();
    };
    prepareMemory(frames).then(arrived, arrived);
  }

  /** Orders no more. */
  close(): void {
    this.#isClosed = true;
  }
}
