/** What a pass of write-back is asked to do (the kernel's struct writeback_control). */
import type { ByteOffset } from "../../base/index.ts";

/** Why a pass runs; each has its counter. */
export type WritebackReason =
  | "background"
  | "periodic"
  | "reclaim"
  | "sync"
  | "conflict"
  | "launder"
  | "close"
  | "attributes";

/** "none": send what can be sent without waiting (WB_SYNC_NONE). "all": everything dirty at the start, waiting as needed. */
export type SyncMode = "none" | "all";

export interface WritebackControl {
  readonly syncMode: SyncMode;
  readonly reason: WritebackReason;
  /** First byte of interest. */
  readonly start: ByteOffset;
  /** End of the bytes of interest; Infinity for all. */
  readonly end: ByteOffset;
  /** Stop after about this many bytes; Infinity for no limit. */
  readonly bytesMax: number;
  /** Send only records that became dirty at or before this time. */
  readonly dirtiedBeforeMs: number;
}

/** A control for everything dirty in a range. */
export function writeEverything(
  reason: WritebackReason,
  start: ByteOffset = 0,
  end: number = Number.POSITIVE_INFINITY,
): WritebackControl {
  return {
    syncMode: "all",
    reason,
    start,
    end,
    bytesMax: Number.POSITIVE_INFINITY,
    dirtiedBeforeMs: Number.POSITIVE_INFINITY,
  };
}

/** A control for a pass in the background: it skips what it would have to wait for. */
export function writeSome(
  reason: WritebackReason,
  bytesMax: number,
  dirtiedBeforeMs: number = Number.POSITIVE_INFINITY,
): WritebackControl {
  return { syncMode: "none", reason, start: 0, end: Number.POSITIVE_INFINITY, bytesMax, dirtiedBeforeMs };
}
