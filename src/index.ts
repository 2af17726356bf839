/**
 * The front door of the package `holdfast`: a volume over a store, and the words to talk to it. Stores, the mount and the
 * contract suite for one's own store have doors of their own: `holdfast/stores/memory`, `holdfast/stores/directory`,
 * `holdfast/fuse`, `holdfast/contract`, `holdfast/rescue`.
 */
export {
  AssertionFailure,
  type ByteCount,
  type ByteOffset,
  type CancelSignal,
  type Clock,
  type ErrorCode,
  Failure,
  type Milliseconds,
  systemClock,
} from "./base/index.ts";
export type {
  ConflictChoice,
  FailedRange,
  RefusalAction,
  RefusalActions,
  RefusalOptions,
  UnsentChoice,
  WritebackFailure,
  WritebackOutcome,
  WriteInFlight,
} from "./cache/index.ts";
export {
  type CredentialChoice,
  type CredentialOptions,
  FailedWriteback,
  FileHandle,
  type KeysOfUser,
  type OpenFile,
  openFlags,
  openVolume,
  type RefreshCredential,
  type RenewalFailed,
  type Volume,
  type VolumeEventMap,
  VolumeEvents,
  type VolumeInvalidation,
  type VolumeOptions,
  VolumePromises,
  type VolumeSnapshot,
  type WritebackFailed,
} from "./files/index.ts";
export {
  type Credential,
  posixCredential,
  type RefusalClass,
  type RefusedBytes,
  type RefusedRange,
  type RescueId,
  type RescueSink,
  type Store,
  type StoreManifest,
  superuser,
} from "./port/index.ts";
