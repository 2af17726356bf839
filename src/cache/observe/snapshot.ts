/** What a cache holds at a moment. Every gauge is zero once all its files are gone. */
import type { Counters } from "./counters.ts";

export interface CacheSnapshot {
  readonly pageSize: number;
  readonly budgetBytes: number;
  /** Memory of frames in use. */
  readonly frameBytes: number;
  readonly cachedPages: number;
  readonly dirtyBytes: number;
  readonly dirtyPages: number;
  readonly inFlightBytes: number;
  readonly inFlightPages: number;
  /** Refused bytes that could not be rescued and are in memory only. */
  readonly unrescuedBytes: number;
  readonly unrescuedPages: number;
  /** Files with bytes that the store has not accepted. */
  readonly dirtyFiles: number;
  readonly openSpaces: number;
  /** What the store is believed to take in a second. */
  readonly storeBytesPerSecond: number;
  readonly counters: Readonly<Counters>;
}
