/** The door of the rescue room: refused bytes, kept durably until a person disposes of them. */
export type { RangeComparison, RescueComparison } from "./diff-entry.ts";
export type { RescuedPiece } from "./entry-bytes.ts";
export type { Holdings } from "./inventory.ts";
export type { RescuedRange, RescueManifest } from "./manifest.ts";
export { byteCountOf } from "./manifest.ts";
export { openRescue } from "./open-rescue.ts";
export { type Replayed, replay } from "./replay.ts";
export type {
  DiffOptions,
  EntryFate,
  Rescue,
  RescueEntry,
  RescueOptions,
  RestoreOptions,
  RestoreResult,
  WholeEntry,
} from "./rescue.ts";
export { type RestoreProgress, RestoreRefused } from "./restore-entry.ts";
export type { RestoredMark } from "./restored-mark.ts";
export { formatWallTime } from "./wall-time.ts";
