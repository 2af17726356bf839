/**
 * The frames of a cache: equal pieces of memory, each an ArrayBuffer of its own, never more than the budget allows.
 *
 * Words. A frame is *taken* while a page, a flight or a device owns it, and *free* while the pool keeps it for reuse, or
 * in stock for its first use (frame-stock.ts). An *abandoned* frame may still be touched by a store that answers after its
 * deadline: it is never used again.
 *
 * Invariants. I1 takenCount + freeCount <= frameCountMax. I2 A frame is given back once. I3 Abandoned frames count against
 * the budget as soon as other frames come back, but never so many of them that less than a quarter of it is left to use.
 */
import { assert, type ByteCount, rubbishBytes } from "../../base/index.ts";
import { FrameStock, type PrepareMemory } from "./frame-stock.ts";

/** What a frame is taken for: bytes of a whole page, or a piece in the middle of one, which leaves most of it untouched. */
export type FrameUse = "page" | "piece";

/** A quarter of the budget may be made ahead of use. */
const stockPart = 4;

export class FramePool {
  readonly frameBytes: ByteCount;
  readonly frameCountMax: number;

  readonly #onRoom: () => void;
  readonly #stock: FrameStock;
  readonly #free: Uint8Array[] = [];
  #takenCount = 0;
  #abandonedCount = 0;

  /**
   * @param onRoom Called when there is room again because an abandoned frame is done with, or a new one ready.
   * @param prepareMemory Makes the memory of new frames real before they are needed; without it nothing is made ahead.
   */
  constructor(
    frameBytes: ByteCount,
    frameCountMax: number,
    onRoom: () => void = () => undefined,
    prepareMemory?: PrepareMemory,
  ) {
    this.frameBytes = frameBytes;
    this.frameCountMax = frameCountMax;
    this.#onRoom = onRoom;
    this.#stock = new FrameStock({
      frameBytes,
      countMax: Math.floor(frameCountMax / stockPart),
      prepareMemory,
      room: () => this.#roomForNew,
      onReady: onRoom,
    });
    this.#stock.refill();
  }

  get takenCount(): number {
    return this.#takenCount;
  }

  get freeCount(): number {
    return this.#free.length + this.#stock.count;
  }

  /** A frame with rubbish in it, or undefined when the budget is spent. */
  tryTake(use: FrameUse = "page"): Uint8Array | undefined {
    const frame = this.#free.pop() ?? this.#tryTakeNew(use);
    if (frame !== undefined) this.#takenCount += 1;
    return frame;
  }

  /**
   * A frame that nobody had yet. For a piece one whose memory is not real: the piece makes only its own part real, and
   * what is in stock serves whole pages.
   */
  #tryTakeNew(use: FrameUse): Uint8Array | undefined {
    if (use === "piece" && this.#roomForNew > 0) return rubbishBytes(this.frameBytes);
    if (this.#takenCount >= this.#frameCountNow) return undefined;
    const frame = this.#stock.take();
    if (frame === undefined) return this.#roomForNew > 0 ? rubbishBytes(this.frameBytes) : undefined;
    this.#stock.refill();
    return frame;
  }

  /** No more frames are made ahead. */
  close(): void {
    this.#stock.close();
  }

  give(frame: Uint8Array): void {
    assert(frame.byteLength === this.frameBytes, "a frame of this pool comes back");
    assert(this.#takenCount > 0, "no frame comes back twice");
    this.#takenCount -= 1;
    if (this.#roomForNew > 0) this.#free.push(frame);
  }

  /** A taken frame is left to whoever still looks at it, and never comes back. */
  discard(): void {
    assert(this.#takenCount > 0, "only a taken frame is discarded");
    this.#takenCount -= 1;
  }

  /** A frame in exchange for a taken one that is abandoned until the late answer has come. */
  replace(settled: Promise<unknown>): Uint8Array {
    this.#abandonedCount += 1;
    const forget = () => {
      this.#abandonedCount -= 1;
      this.#onRoom();
    };
    settled.then(forget, forget);
    return this.#free.pop() ?? this.#stock.take() ?? rubbishBytes(this.frameBytes);
  }

  get abandonedCount(): number {
    return this.#abandonedCount;
  }

  /** How many frames may be taken while some are abandoned. */
  get #frameCountNow(): number {
    return this.frameCountMax - Math.min(this.#abandonedCount, Math.floor((this.frameCountMax * 3) / 4));
  }

  /** How many frames may be made now beside those that there are. */
  get #roomForNew(): number {
    return this.#frameCountNow - this.#takenCount - this.freeCount;
  }

  /** Whether more frames are taken than the budget has beside those that are abandoned. */
  get isOverBudget(): boolean {
    return this.#takenCount > this.#frameCountNow;
  }

  /** Whether so many operations were not answered in time that no more frames are entrusted to the store. */
  get isOverAbandoned(): boolean {
    return this.#abandonedCount * 4 >= this.frameCountMax;
  }

  checkInvariants(): void {
    assert(this.#takenCount >= 0 && this.#takenCount + this.freeCount <= this.frameCountMax, "frames stay in budget");
  }
}
