/** The door of the files room: volumes of named files, open handles and the node:fs-shaped API over the page cache. */
export type {
  CredentialChoice,
  CredentialOptions,
  KeysOfUser,
  RefreshCredential,
} from "./credentials/credential-options.ts";
export type { DirectoryHandle } from "./directory-handle.ts";
export { FileHandle } from "./file-handle/file-handle.ts";
export type { Handle } from "./handle.ts";
export type { Node } from "./node.ts";
export { openFlags } from "./open-flags.ts";
export { openVolume } from "./open-volume.ts";
export { VolumePromises } from "./promises/volume-promises.ts";
export { FailedWriteback } from "./refusals/failed-writeback.ts";
export type { OpenFile, Volume, VolumeOptions, VolumeSnapshot } from "./volume.ts";
export {
  type RenewalFailed,
  type VolumeEventMap,
  VolumeEvents,
  type VolumeInvalidation,
  type WritebackFailed,
} from "./volume-events.ts";
