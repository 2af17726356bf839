/** The door of the cache room: a write-back page cache for the files of one store. */
export { type CacheOptions, completeOptions } from "./cache-options.ts";
export type { UnsentChoice } from "./invalidate/invalidate.ts";
export { interruptible } from "./lock/interruptible.ts";
export type { Counters } from "./observe/counters.ts";
export type { CacheSnapshot } from "./observe/snapshot.ts";
export type { PlatformMemory } from "./page/frame-blocks.ts";
export { PageCache } from "./page-cache.ts";
export { FrameRun } from "./read/frame-run.ts";
export type { Readahead } from "./read/readahead.ts";
export { classify } from "./refusal/classify.ts";
export type { ErrorCursor, ErrorSequence } from "./refusal/error-sequence.ts";
export type { ConflictCopy, OwnVersion } from "./refusal/own-version.ts";
export type { ConflictChoice, RefusalAction, RefusalActions, RefusalOptions } from "./refusal/policy.ts";
export {
  describeOutcome,
  type FailedRange,
  ToldFailure,
  type WritebackFailure,
  type WritebackOperation,
  type WritebackOutcome,
} from "./refusal/write-failure.ts";
export type { AddressSpace } from "./space/address-space.ts";
export type { SpaceObserver } from "./space/file-pages.ts";
export type { WriteInFlight } from "./write/plan.ts";
