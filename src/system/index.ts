/** The door of the system room: system calls that Node lacks, through the C library. */

export { checkAccess } from "./access.ts";
export { allocateFile, punchFileHole, seekFile } from "./allocation.ts";
export { changeMode, changeOwner, changeTimes, pathOfDescriptor } from "./attributes-at.ts";
export { compileForServing } from "./compiler.ts";
export { deviceErrno, IoVector, makeNonBlocking, type ReadableWatch, whenReadable } from "./device-io.ts";
export { nextDirectoryEntries, type RawDirectoryEntry } from "./directory-entries.ts";
export {
  changeExtendedAttribute,
  deleteExtendedAttribute,
  extendedAttribute,
  extendedAttributeNames,
} from "./extended-attributes.ts";
export { tryLockFile } from "./file-lock.ts";
export { lastErrno } from "./libc.ts";
export { platformMemory } from "./memory.ts";
export { mount, mountFlags, unmount } from "./mounting.ts";
export {
  linkAt,
  linkTarget,
  makeDirectoryAt,
  makeNodeAt,
  makeSymbolicLinkAt,
  removeAt,
  removeDirectoryAt,
  renameAt,
  withoutUmask,
} from "./nodes-at.ts";
export { openAt, openBeneath, openByStep, openPathOnly, workingDirectory } from "./open-at.ts";
export { endProcess } from "./process-end.ts";
export { receiveDescriptor, socketPair } from "./socket-descriptors.ts";
export { type FileStatus, type KnownStatus, statusAgain, statusAt, statusOf, statusOfPath } from "./status-at.ts";
export { syncFileSystem } from "./synchronization.ts";
export { actAs, type ThreadIdentity } from "./thread-identity.ts";
