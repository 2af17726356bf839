/**
 * Slows those who write faster than a store can take, so that dirty bytes settle near a setpoint below the limit and
 * nobody runs into the wall (the kernel's balance_dirty_pages, per store and in bytes).
 *
 * Words. Under *freerun* nobody is slowed. The *rate* is what one writer may dirty in a second; every 200 ms it is moved
 * towards `rate x positionRatio x bandwidth / bytes dirtied in a second`, which with N equal writers is bandwidth / N.
 * A *writer* is whoever is slowed by itself (an open handle): a fast writer's pauses are not paid by a slow one.
 *
 * Invariants.
 *   I1  0 <= background < freerun < setpoint < limit.
 *   I2  A pause is at most 200 ms; at or over the limit there is no pause but a hold, until the dirty bytes are below.
 *   I3  A store that takes nothing holds its own writers and nobody else: a throttle knows one store.
 *
 *   dirtied: under freerun ---------------------> 0: go on
 *            over it, less than a check's worth -> 0: go on, remembered in the writer
 *            over it, a check's worth -----------> the pause that makes bytes / (pause + time used) the allowed rate
 *            at or over the limit ---------------> Infinity: hold, then ask again with no bytes
 */
import { assert, type ByteCount, type Clock, type Milliseconds } from "../../base/index.ts";
import { freerunBytes, positionRatio, setpointBytes } from "./position-ratio.ts";
import { initialBytesPerSecond, WriteBandwidth } from "./write-bandwidth.ts";

/** How many dirty bytes a store may have. */
export interface DirtyLimits {
  /** Write-back starts by itself here. */
  readonly backgroundBytes: ByteCount;
  /** Writers are held here. */
  readonly hardBytes: ByteCount;
  /** A writer over freerun is looked at each time it dirtied so much: 32 pages. */
  readonly checkBytes: ByteCount;
}

/** The bounds of a pause, in milliseconds: a longer one is cut, one shorter than half the target is saved up. */
export const pauseMsMax: Milliseconds = 200;
const pauseMsTarget: Milliseconds = 10;

const updateMs = 200;

/** What is remembered of one writer. */
export class ThrottledWriter {
  dirtiedBytes: ByteCount = 0;
  /** Until when its bytes so far are paid for with time. */
  paidUntilMs: Milliseconds = 0;
}

/** The throttle of one store. */
export class Throttle {
  readonly #clock: Clock;
  readonly #bandwidth = new WriteBandwidth();

  #backgroundBytes: ByteCount = 0;
  #freerunBytes: ByteCount = 0;
  #setpointBytes: ByteCount = 0;
  #hardBytes: ByteCount = 0;
  #checkBytes: ByteCount = 0;

  #rateBytesPerSecond = initialBytesPerSecond;
  #balancedBytesPerSecond = initialBytesPerSecond;

  #inFlightCount = 0;
  #dirtiedBytes = 0;
  #writtenBytes = 0;
  #stampMs: Milliseconds;

  constructor(clock: Clock, limits: DirtyLimits) {
    this.#clock = clock;
    this.#stampMs = clock.nowMs();
    this.limits = limits;
  }

  get limits(): DirtyLimits {
    return { backgroundBytes: this.#backgroundBytes, hardBytes: this.#hardBytes, checkBytes: this.#checkBytes };
  }

  set limits(limits: DirtyLimits) {
    assert(
      limits.backgroundBytes >= 0 && limits.backgroundBytes < limits.hardBytes,
      "I1: background is below the limit",
    );
    this.#backgroundBytes = limits.backgroundBytes;
    this.#hardBytes = limits.hardBytes;
    this.#checkBytes = limits.checkBytes;
    this.#freerunBytes = freerunBytes(limits.backgroundBytes, limits.hardBytes);
    this.#setpointBytes = setpointBytes(limits.backgroundBytes, limits.hardBytes);
  }

  /** Up to here nobody is slowed. */
  get freerunBytes(): ByteCount {
    return this.#freerunBytes;
  }

  /** Where dirty bytes settle under a writer that is too fast. */
  get setpointBytes(): ByteCount {
    return this.#setpointBytes;
  }

  /** What the store is believed to take in a second. */
  get writeBytesPerSecond(): number {
    return this.#bandwidth.averageBytesPerSecond;
  }

  /** What one writer may dirty in a second, before the position counts. */
  get rateBytesPerSecond(): number {
    return this.#rateBytesPerSecond;
  }

  /**
   * `writer` made `bytes` dirty and the store now has `dirtyBytesNow`. Answers how long the writer is to pause, in
   * milliseconds: 0 to go on, Infinity to hold until the dirty bytes are below the limit and then ask again. Bytes in
   * flight count as dirty: they need their memory until the store has them. A long write asks after each piece.
   */
  dirtied(writer: ThrottledWriter, bytes: ByteCount, dirtyBytesNow: ByteCount): Milliseconds {
    this.#dirtiedBytes += bytes;
    if (dirtyBytesNow <= this.#freerunBytes) {
      writer.dirtiedBytes = 0;
      return 0;
    }
    writer.dirtiedBytes += bytes;
    if (dirtyBytesNow >= this.#hardBytes) {
      this.#update(this.#clock.nowMs(), dirtyBytesNow);
      return Number.POSITIVE_INFINITY;
    }
    if (writer.dirtiedBytes < this.#checkBytes) return 0;
    return this.#pause(writer, dirtyBytesNow);
  }

  #pause(writer: ThrottledWriter, dirtyBytesNow: ByteCount): Milliseconds {
    const nowMs = this.#clock.nowMs();
    this.#update(nowMs, dirtyBytesNow);
    const ratio = this.#ratio(dirtyBytesNow);
    const periodMs = (writer.dirtiedBytes * 1000) / Math.max(1, this.#rateBytesPerSecond * ratio);
    /* Time in which the writer did something else counts as paid, up to one second; older credit is void. */
    const startMs = writer.paidUntilMs < nowMs - 1000 ? nowMs : writer.paidUntilMs;
    const pauseMs = startMs + periodMs - nowMs;
    if (pauseMs < pauseMsTarget / 2) {
      writer.paidUntilMs = startMs + periodMs;
      writer.dirtiedBytes = 0;
      return 0;
    }
    writer.dirtiedBytes = 0;
    /* Of a pause that is cut, no more than one pause is owed. */
    writer.paidUntilMs = nowMs + Math.min(pauseMs, 2 * pauseMsMax);
    return Math.min(pauseMs, pauseMsMax);
  }

  /** A write to the store begins. */
  issued(): void {
    const nowMs = this.#clock.nowMs();
    if (this.#inFlightCount++ === 0 && nowMs - this.#stampMs > updateMs) this.#restamp(nowMs);
  }

  /** A write to the store ended; `bytes` of it were taken. */
  written(bytes: ByteCount, dirtyBytesNow: ByteCount): void {
    assert(this.#inFlightCount > 0, "a write that ended was issued");
    this.#writtenBytes += bytes;
    this.#inFlightCount--;
    this.#update(this.#clock.nowMs(), dirtyBytesNow);
  }

  #update(nowMs: Milliseconds, dirtyBytes: ByteCount): void {
    const elapsedMs = nowMs - this.#stampMs;
    if (elapsedMs < updateMs) return;
    if (dirtyBytes > this.#freerunBytes) this.#step(dirtyBytes, (this.#dirtiedBytes * 1000) / elapsedMs);
    this.#bandwidth.update(this.#writtenBytes, elapsedMs);
    this.#restamp(nowMs);
  }

  #restamp(nowMs: Milliseconds): void {
    this.#stampMs = nowMs;
    this.#dirtiedBytes = 0;
    this.#writtenBytes = 0;
  }

  #ratio(dirtyBytes: ByteCount): number {
    return positionRatio(dirtyBytes, this.#setpointBytes, this.#hardBytes, this.#bandwidth.averageBytesPerSecond);
  }

  /**
   * Moves the rate towards the balanced one (wb_update_dirty_ratelimit): only when the position and two estimates in a
   * row ask for the same direction, and by an eighth of the way or less, the less the nearer it is.
   */
  #step(dirtyBytes: ByteCount, dirtiedBytesPerSecond: number): void {
    const rate = this.#rateBytesPerSecond;
    const bandwidth = this.#bandwidth.averageBytesPerSecond;
    const allowed = rate * this.#ratio(dirtyBytes) + 1;
    const balanced = Math.min(bandwidth, (allowed * bandwidth) / Math.max(1, dirtiedBytesPerSecond));
    let distance = 0;
    if (dirtyBytes < this.#setpointBytes) {
      distance = Math.max(0, Math.min(this.#balancedBytesPerSecond, balanced, allowed) - rate);
    } else {
      distance = Math.max(0, rate - Math.max(this.#balancedBytesPerSecond, balanced, allowed));
    }
    const halvings = Math.floor(rate / (2 * distance + 1));
    const step = halvings < 32 ? distance / 2 ** halvings / 8 : 0;
    this.#rateBytesPerSecond = Math.max(1, rate < balanced ? rate + step : rate - step);
    this.#balancedBytesPerSecond = balanced;
  }
}
