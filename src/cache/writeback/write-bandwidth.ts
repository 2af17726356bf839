/**
 * How fast a store takes bytes, after the kernel's wb_update_write_bandwidth: a mean over about three seconds, and a
 * second smoothing by an eighth that follows only when both agree on the direction, so that one burst moves nothing.
 * Time in which nothing is in flight does not count: a store that was asked for nothing is not slow.
 */
import { assert, type ByteCount, type Milliseconds } from "../../base/index.ts";

/** Before anything is known (the kernel's INIT_BW, 100 MB/s). */
export const initialBytesPerSecond = 100e6;

const periodMs = 3000;

/** The estimate for one store. */
export class WriteBandwidth {
  /** The smoothed estimate that decisions use. */
  averageBytesPerSecond: number = initialBytesPerSecond;
  #recentBytesPerSecond: number = initialBytesPerSecond;

  /** Takes in what was written in the last `elapsedMs`. */
  update(writtenBytes: ByteCount, elapsedMs: Milliseconds): void {
    assert(elapsedMs > 0, "a bandwidth is measured over time");
    const measured = (writtenBytes * 1000) / elapsedMs;
    let average = this.averageBytesPerSecond;
    if (elapsedMs > periodMs) {
      this.#recentBytesPerSecond = measured;
      average = measured;
    } else {
      const before = this.#recentBytesPerSecond;
      const recent = (measured * elapsedMs + before * (periodMs - elapsedMs)) / periodMs;
      if (average > before && before >= recent) average -= (average - before) / 8;
      if (average < before && before <= recent) average += (before - average) / 8;
      this.#recentBytesPerSecond = recent;
    }
    this.averageBytesPerSecond = Math.max(1, average);
  }
}
