/**
 * The frames of a cache: equal pieces of memory, never more than the budget allows.
 *
 * Words. A frame is *taken* while a page, a flight, a reader or a device owns it, and *free* while the pool keeps it for reuse,
 * or in stock for its first use (frame-stock.ts). An *abandoned* frame may still be touched by a store that answers after its
 * deadline: another one takes its place in the budget, and it is nobody's until the store has answered.
 *
 *   cut from a block (frame-blocks.ts) --tryTake--> taken --give--> free --tryTake--> taken
 *   taken --touchedUntil, replace, leave--> abandoned --the last late answer has come--> free
 *
 * Invariants. I1 No more frames are taken than the budget has. I2 A frame is given back once. I3 Abandoned frames count against
 * the budget as soon as other frames come back, but never so many of them that less than a quarter of it is left to use.
 * I4 A frame of a block is never dropped, or its memory would be lost; one made beyond the blocks, in exchange for an abandoned
 * one, is dropped when it is not needed any more.
 */
import { assert, type ByteCount } from "../../base/index.ts";
import { FrameBlocks, isOfBlock, type PlatformMemory } from "./frame-blocks.ts";
import { FrameStock } from "./frame-stock.ts";

/** What a frame is taken for: bytes of a whole page, or a piece in the middle of one, which leaves most of it untouched. */
export type FrameUse = "page" | "piece";

/** A quarter of the budget may be made ahead of use. */
const stockPart = 4;

export class FramePool {
  readonly frameBytes: ByteCount;
  readonly frameCountMax: number;

  readonly #onRoom: () => void;
  readonly #blocks: FrameBlocks;
  readonly #stock: FrameStock;
  readonly #free: Uint8Array[] = [];
  /** Frames that stores that are late may touch: how many of them, and whether nobody else uses the frame any more. */
  readonly #touched: Map<Uint8Array, { count: number; isLeft: boolean }> = new Map();
  #takenCount = 0;
  #abandonedCount = 0;

  /**
   * @param onRoom Called when there is room again because an abandoned frame is done with, or a new one ready.
   * @param memory Without it no memory is made real before it is needed.
   */
  constructor(
    frameBytes: ByteCount,
    frameCountMax: number,
    onRoom: () => void = () => undefined,
    memory?: PlatformMemory,
  ) {
    this.frameBytes = frameBytes;
    this.frameCountMax = frameCountMax;
    this.#onRoom = onRoom;
    this.#blocks = new FrameBlocks(frameBytes, frameCountMax, memory?.make);
    this.#stock = new FrameStock({
      frameBytes,
      countMax: Math.floor(frameCountMax / stockPart),
      cut: () => this.#blocks.cut(),
      prepareMemory: memory?.prepare,
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
    if (this.#takenCount >= this.#frameCountNow) return undefined;
    const frame = this.#free.pop() ?? this.#tryTakeNew(use);
    if (frame !== undefined) this.#takenCount += 1;
    return frame;
  }

  /**
   * A frame that nobody had yet. For a piece one whose memory is not real: the piece makes only its own part real, and
   * what is in stock serves whole pages.
   */
  #tryTakeNew(use: FrameUse): Uint8Array | undefined {
    if (use === "piece" && this.#roomForNew > 0) return this.#blocks.cut();
    const frame = this.#stock.take();
    if (frame === undefined) return this.#roomForNew > 0 ? this.#blocks.cut() : undefined;
    this.#stock.refill();
    return frame;
  }

  /** No more frames are made ahead. */
  close(): void {
    this.#stock.close();
  }

  give(frame: Uint8Array): void {
    this.untake();
    this.leave(frame);
  }

  /** A taken frame has no place in the budget any more; it is left as soon as nobody uses it. */
  untake(): void {
    assert(this.#takenCount > 0, "no frame comes back twice");
    this.#takenCount -= 1;
  }

  /** A frame that has no place in the budget is used by nobody but stores that are late: it is free when they have ended. */
  leave(frame: Uint8Array): void {
    assert(frame.byteLength === this.frameBytes, "a frame of this pool comes back");
    const touch = this.#touched.get(frame);
    if (touch === undefined) this.#keep(frame);
    else touch.isLeft = true;
  }

  /** A store that is late may touch the frame until `ended` has settled, in whatever way. */
  touchedUntil(frame: Uint8Array, ended: Promise<unknown>): void {
    const touch = this.#touched.get(frame) ?? { count: 0, isLeft: false };
    this.#touched.set(frame, touch);
    touch.count += 1;
    const end = () => {
      touch.count -= 1;
      if (touch.count > 0) return;
      this.#touched.delete(frame);
      if (!touch.isLeft) return;
      this.#keep(frame);
      this.#onRoom();
    };
    ended.then(end, end);
  }

  #keep(frame: Uint8Array): void {
    if (isOfBlock(frame) || this.#roomForNew > 0) this.#free.push(frame);
  }

  /** A frame in exchange for a taken one that is abandoned until the late answer has come. */
  replace(settled: Promise<unknown>): Uint8Array {
    this.#abandonedCount += 1;
    const forget = () => {
      this.#abandonedCount -= 1;
      this.#onRoom();
    };
    settled.then(forget, forget);
    return this.#free.pop() ?? this.#stock.take() ?? this.#blocks.cut();
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
    assert(this.#takenCount >= 0 && this.#takenCount <= this.frameCountMax, "I1 frames stay in budget");
  }
}
