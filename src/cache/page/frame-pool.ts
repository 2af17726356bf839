/**
 * The frames of a cache: equal pieces of memory, each an ArrayBuffer of its own, never more than the budget allows.
 *
 * Words. A frame is *taken* while a page, a flight or a device owns it, and *free* while the pool keeps it for reuse. An
 * *abandoned* frame may still be touched by a store that answers after its deadline: it is never used again.
 *
 * Invariants. I1 takenCount + freeCount <= frameCountMax. I2 A frame is given back once. I3 Abandoned frames count against
 * the budget as soon as other frames come back, but never so many of them that less than a quarter of it is left to use.
 */
import { assert, type ByteCount, rubbishBytes } from "../../base/index.ts";

export class FramePool {
  readonly frameBytes: ByteCount;
  readonly frameCountMax: number;

  readonly #onRoom: () => void;
  readonly #free: Uint8Array[] = [];
  #takenCount = 0;
  #abandonedCount = 0;

  /** @param onRoom Called when there is room again because an abandoned frame is done with. */
  constructor(frameBytes: ByteCount, frameCountMax: number, onRoom: () => void = () => undefined) {
    this.frameBytes = frameBytes;
    this.frameCountMax = frameCountMax;
    this.#onRoom = onRoom;
  }

  get takenCount(): number {
    return this.#takenCount;
  }

  get freeCount(): number {
    return this.#free.length;
  }

  /** A frame with rubbish in it, or undefined when the budget is spent. */
  tryTake(): Uint8Array | undefined {
    const free = this.#free.pop();
    if (free !== undefined) {
      this.#takenCount += 1;
      return free;
    }
    if (this.#takenCount >= this.#frameCountNow) return undefined;
    this.#takenCount += 1;
    return rubbishBytes(this.frameBytes);
  }

  give(frame: Uint8Array): void {
    assert(frame.byteLength === this.frameBytes, "a frame of this pool comes back");
    assert(this.#takenCount > 0, "no frame comes back twice");
    this.#takenCount -= 1;
    if (this.#takenCount + this.#free.length < this.#frameCountNow) this.#free.push(frame);
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
    return this.#free.pop() ?? rubbishBytes(this.frameBytes);
  }

  get abandonedCount(): number {
    return this.#abandonedCount;
  }

  /** How many frames may be taken while some are abandoned. */
  get #frameCountNow(): number {
    return this.frameCountMax - Math.min(this.#abandonedCount, Math.floor((this.frameCountMax * 3) / 4));
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
    assert(
      this.#takenCount >= 0 && this.#takenCount + this.#free.length <= this.frameCountMax,
      "frames stay in budget",
    );
  }
}
