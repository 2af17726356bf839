/** The door of the port room: what the cache asks of the outside, and the words it asks in. */
export type {
  AttributeChanges,
  Attributes,
  ChangedAttributes,
  FileSystemStatistics,
  NodeKind,
  TimeChange,
  Version,
} from "./attributes.ts";
export { type Credential, type CredentialSource, posixCredential, superuser } from "./credential.ts";
export { type DeadlineOptions, DeadlineStore } from "./deadline-store.ts";
export { LateFailure } from "./late-failure.ts";
export type { StoreManifest } from "./manifest.ts";
export { requireName } from "./name.ts";
export {
  entriesAccess,
  isMember,
  permits,
  type Rights,
  readAccess,
  requireAccess,
  requireUnstuck,
  rightsAfter,
  rightsOfNewNode,
  searchAccess,
  withoutSetId,
  writeAccess,
} from "./permission.ts";
export {
  isRefusalClass,
  type RefusalClass,
  type RefusedBytes,
  type RefusedRange,
  type RescueId,
  type RescueSink,
  refusalClasses,
} from "./rescue.ts";
export type {
  AccessMode,
  Call,
  DirectoryEntry,
  NodeId,
  ReadResult,
  RenameMode,
  Store,
  StoreChange,
  StoreEntry,
  WriteResult,
} from "./store.ts";
export { VersionConflict } from "./version-conflict.ts";
