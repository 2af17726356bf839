/**
 * The permission rules of POSIX as pure functions over what a node's attributes say, for stores that decide by themselves
 * (man 7 path_resolution, chmod(2), chown(2), utimensat(2)). A credential's supplementary groups are asked for only when
 * the answer depends on them.
 */
import { Failure } from "../base/index.ts";
import type { AttributeChanges, NodeKind } from "./attributes.ts";
import type { Credential } from "./credential.ts";
import type { AccessMode } from "./store.ts";

/** The attributes that decide who may do what. `Attributes` has all of them. */
export interface Rights {
  readonly kind: NodeKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const setUserId = 0o4000;
const setGroupId = 0o2000;
const sticky = 0o1000;
const groupExecute = 0o010;
const anyExecute = 0o111;

/** Whether the credential belongs to the group. */
export function isMember(credential: Credential, gid: number): boolean {
  return credential.gid === gid || credential.groups.includes(gid);
}

/** Whether the mode bits give the credential all that is asked for. */
export function permits(node: Rights, access: AccessMode, credential: Credential): boolean {
  if (credential.uid === 0) return !access.execute || node.kind === "directory" || (node.mode & anyExecute) !== 0;
  const wanted = (access.read ? 4 : 0) | (access.write ? 2 : 0) | (access.execute ? 1 : 0);
  if (credential.uid === node.uid) return ((node.mode >> 6) & wanted) === wanted;
  const group = ((node.mode >> 3) & wanted) === wanted;
  const other = (node.mode & wanted) === wanted;
  if (group === other) return other;
  return isMember(credential, node.gid) ? group : other;
}

/** Rejects with EACCES unless the mode bits give the credential all that is asked for. */
export function requireAccess(node: Rights, access: AccessMode, credential: Credential, syscall: string): void {
  if (!permits(node, access, credential)) throw new Failure("EACCES", { syscall });
}

/** To read what a node holds: a file's bytes, a directory's names. */
export const readAccess: AccessMode = { read: true, write: false, execute: false };
/** To write what a node holds. */
export const writeAccess: AccessMode = { read: false, write: true, execute: false };
/** What a walk through a directory asks of it. */
export const searchAccess: AccessMode = { read: false, write: false, execute: true };
/** What a change of a directory's entries asks of it. */
export const entriesAccess: AccessMode = { read: false, write: true, execute: true };

/** Rejects with EPERM when the directory is sticky and neither it nor the victim is the credential's. */
export function requireUnstuck(directory: Rights, victim: Rights, credential: Credential, syscall: string): void {
  if ((directory.mode & sticky) === 0 || credential.uid === 0) return;
  if (credential.uid === victim.uid || credential.uid === directory.uid) return;
  throw new Failure("EPERM", { syscall });
}

/** The rights of a node that the credential makes in `parent` with `mode` (open(2), mkdir(2): set-group-id directories). */
export function rightsOfNewNode(parent: Rights, kind: NodeKind, mode: number, credential: Credential): Rights {
  const inherits = (parent.mode & setGroupId) !== 0;
  const gid = inherits ? parent.gid : credential.gid;
  let bits = kind === "symbolicLink" ? 0o777 : mode & 0o7777;
  if (inherits && kind === "directory") bits |= setGroupId;
  else if (inherits && (bits & (setGroupId | groupExecute)) === (setGroupId | groupExecute)) {
    if (credential.uid !== 0 && !isMember(credential, gid)) bits &= ~setGroupId;
  }
  return { kind, mode: bits, uid: credential.uid, gid };
}

/**
 * The rights of a node after `changes`; rejects with EPERM or EACCES when the credential may not make them all.
 * `mayWrite` tells whether the credential may write the content, by the mode bits or by a hold.
 */
export function rightsAfter(
  node: Rights,
  changes: AttributeChanges,
  credential: Credential,
  mayWrite: () => boolean,
): Rights {
  const isRoot = credential.uid === 0;
  const owns = isRoot || credential.uid === node.uid;
  let { mode, uid, gid } = node;
  if (changes.uid !== undefined || changes.gid !== undefined) {
    uid = changes.uid ?? uid;
    gid = changes.gid ?? gid;
    requireOwnerChange(node, uid, gid, credential);
    if (node.kind !== "directory") mode = withoutSetId(mode);
  }
  if (changes.mode !== undefined) {
    if (!owns) throw new Failure("EPERM", { syscall: "chmod" });
    mode = changes.mode & 0o7777;
    if ((mode & setGroupId) !== 0 && !isRoot && !isMember(credential, gid)) mode &= ~setGroupId;
  }
  if (changes.killSetId === true && node.kind !== "directory" && mode !== withoutSetId(mode)) {
    if (!owns && !mayWrite()) throw new Failure("EACCES", { syscall: "write" });
    mode = withoutSetId(mode);
  }
  requireTimeChange(owns, changes, mayWrite);
  if (changes.size !== undefined) {
    if (node.kind === "directory") throw new Failure("EISDIR", { syscall: "truncate" });
    if (node.kind !== "file") throw new Failure("EINVAL", { syscall: "truncate" });
    if (!mayWrite()) throw new Failure("EACCES", { syscall: "truncate" });
  }
  return { kind: node.kind, mode, uid, gid };
}

function requireOwnerChange(node: Rights, uid: number, gid: number, credential: Credential): void {
  if (credential.uid === 0) return;
  const owns = credential.uid === node.uid;
  const groupAllowed = gid === node.gid || isMember(credential, gid);
  if (!owns || uid !== node.uid || !groupAllowed) throw new Failure("EPERM", { syscall: "chown" });
}

/** Both times set to the server's clock is what a writer may do; everything else is for the owner (utimensat(2)). */
function requireTimeChange(owns: boolean, changes: AttributeChanges, mayWrite: () => boolean): void {
  const { accessTimeNs, modifyTimeNs } = changes;
  if (owns || (accessTimeNs === undefined && modifyTimeNs === undefined)) return;
  if (accessTimeNs !== "now" || modifyTimeNs !== "now") throw new Failure("EPERM", { syscall: "utimensat" });
  if (!mayWrite()) throw new Failure("EACCES", { syscall: "utimensat" });
}

/** The mode without set-user-id, and without set-group-id where that means execution and not locking. */
export function withoutSetId(mode: number): number {
  return (mode & groupExecute) !== 0 ? mode & ~(setUserId | setGroupId) : mode & ~setUserId;
}
