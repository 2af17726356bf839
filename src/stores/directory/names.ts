/** Operations on names. The kernel checks the directories' permissions for the credential; the table follows what was done. */
import { constants } from "node:fs";
import { encodeFileName, Failure } from "../../base/index.ts";
import {
  type Attributes,
  type Credential,
  entriesAccess,
  type NodeKind,
  type RenameMode,
  requireUnstuck,
  type StoreEntry,
  searchAccess,
} from "../../port/index.ts";
import {
  type FileStatus,
  linkAt,
  makeDirectoryAt,
  makeNodeAt,
  makeSymbolicLinkAt,
  openAt,
  openPathOnly,
  pathOfDescriptor,
  removeAt,
  removeDirectoryAt,
  renameAt,
  statusAt,
  statusOf,
  withoutUmask,
} from "../../system/index.ts";
import { attributesOf, typeBitsOf } from "./attributes.ts";
import { checked } from "./authority.ts";
import { closeLater } from "./descriptors.ts";
import type { DirectoryNode } from "./directory-node.ts";
import { type DirectoryServer, nameBytes } from "./directory-server.ts";
import { withNul } from "./locator.ts";

/** Files with more storage than this (units of 512 bytes) are freed off the calling thread. */
const slowToFreeBlocks = 65536;

export function find(server: DirectoryServer, parent: DirectoryNode, name: string, credential: Credential): StoreEntry {
  const bytes = nameBytes(name, "lookup");
  return server.inDirectory(parent, "lookup", (fd, status) =>
    server.entry(parent, bytes, searched(server, fd, status, bytes, credential)),
  );
}

/** The status of a name; the search permission of the directory's owner is decided by its bits alone, whoever decides. */
function searched(
  server: DirectoryServer,
  fd: number,
  status: FileStatus,
  name: Uint8Array,
  credential: Credential,
): FileStatus {
  const owns = credential.uid === 0 || credential.uid === status.uid;
  if (!owns) return server.authority.perform(credential, "lookup", status, searchAccess, () => statusAt(fd, name));
  if (credential.uid !== 0 && (status.mode & 0o100) === 0) throw new Failure("EACCES", { syscall: "lookup" });
  return checked(statusAt(fd, name), "lookup");
}

export function createFile(
  server: DirectoryServer,
  parent: DirectoryNode,
  name: string,
  mode: number,
  credential: Credential,
): StoreEntry {
  const bytes = nameBytes(name, "open");
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | constants.O_NOFOLLOW;
  return server.inDirectory(parent, "open", (directory) => {
    const open = (): number => withoutUmask(() => openAt(directory, bytes, flags, mode & 0o7777));
    const fd = server.authority.make(credential, "open", () => server.locator.open(open));
    const status = checked(statusOf(fd), "open");
    const entry = server.entry(parent, bytes, status);
    const node = server.table.get(entry.node, "open");
    node.nameCount++;
    server.holds.made(node, status, credential);
    server.descriptors.adopt(node, fd);
    return entry;
  });
}

/** Makes a directory, symbolic link or special node with the call given, and answers with what is there then. */
function make(
  server: DirectoryServer,
  parent: DirectoryNode,
  name: string,
  syscall: string,
  credential: Credential,
  call: (directory: number, name: Uint8Array) => number,
): StoreEntry {
  const bytes = nameBytes(name, syscall);
  return server.inDirectory(parent, syscall, (directory) => {
    server.authority.make(credential, syscall, () => withoutUmask(() => call(directory, bytes)));
    const entry = server.entry(parent, bytes, checked(statusAt(directory, bytes), syscall));
    server.table.get(entry.node, syscall).nameCount++;
    return entry;
  });
}

export function makeDirectory(
  server: DirectoryServer,
  parent: DirectoryNode,
  name: string,
  mode: number,
  credential: Credential,
): StoreEntry {
  return make(server, parent, name, "mkdir", credential, (directory, bytes) =>
    makeDirectoryAt(directory, bytes, mode & 0o1777),
  );
}

export function makeSymbolicLink(
  server: DirectoryServer,
  parent: DirectoryNode,
  name: string,
  target: string,
  credential: Credential,
): StoreEntry {
  if (target.includes("\0")) throw new Failure("EINVAL", { syscall: "symlink" });
  const targetBytes = withNul(encodeFileName(target));
  return make(server, parent, name, "symlink", credential, (directory, bytes) =>
    makeSymbolicLinkAt(targetBytes, directory, bytes),
  );
}

export function makeSpecial(
  server: DirectoryServer,
  parent: DirectoryNode,
  name: string,
  kind: NodeKind,
  mode: number,
  device: number,
  credential: Credential,
): StoreEntry {
  if (kind === "directory" || kind === "symbolicLink") throw new Failure("EINVAL", { syscall: "mknod" });
  return make(server, parent, name, "mknod", credential, (directory, bytes) =>
    makeNodeAt(directory, bytes, typeBitsOf(kind) | (mode & 0o7777), device),
  );
}

export function link(
  server: DirectoryServer,
  node: DirectoryNode,
  parent: DirectoryNode,
  name: string,
  credential: Credential,
): Attributes {
  const bytes = nameBytes(name, "link");
  return server.inDirectory(parent, "link", (directory, rights) =>
    server.locator.use(node, "link", (fd) => {
      const path = pathOfDescriptor(fd);
      server.authority.perform(credential, "link", rights, entriesAccess, () => linkAt(path, directory, bytes));
      const entry = server.entry(parent, bytes, checked(statusAt(directory, bytes), "link"));
      node.nameCount++;
      return entry.attributes;
    }),
  );
}

export function remove(server: DirectoryServer, parent: DirectoryNode, name: string, credential: Credential): void {
  const bytes = nameBytes(name, "unlink");
  server.inDirectory(parent, "unlink", (directory, rights) => {
    const victim = statusAt(directory, bytes);
    requireUnstuckIfForeign(server, rights, victim, credential, "unlink");
    const isSlow = victim !== undefined && victim.linkCount === 1 && victim.blocks > slowToFreeBlocks;
    const anchor = isSlow ? openAt(directory, bytes, openPathOnly | constants.O_NOFOLLOW) : -1;
    try {
      server.authority.perform(credential, "unlink", rights, entriesAccess, () => removeAt(directory, bytes));
    } finally {
      if (anchor >= 0) closeLater(anchor);
    }
    unname(server, parent, bytes, victim);
  });
}

export function removeDirectory(
  server: DirectoryServer,
  parent: DirectoryNode,
  name: string,
  credential: Credential,
): void {
  const bytes = nameBytes(name, "rmdir");
  server.inDirectory(parent, "rmdir", (directory, rights) => {
    const victim = statusAt(directory, bytes);
    requireUnstuckIfForeign(server, rights, victim, credential, "rmdir");
    server.authority.perform(credential, "rmdir", rights, entriesAccess, () => removeDirectoryAt(directory, bytes));
    unname(server, parent, bytes, victim);
  });
}

/** The table's part of a removal. A node without a name, a hold or a use loses its descriptors and is forgotten. */
function unname(
  server: DirectoryServer,
  parent: DirectoryNode,
  name: Uint8Array,
  victim: FileStatus | undefined,
): void {
  const node = victim === undefined ? undefined : server.table.known(victim);
  if (node === undefined) return;
  server.table.forgetPlace(node, parent, name);
  if (victim?.linkCount === 1) node.isUnlinkedHere = true;
  if (victim?.linkCount === 1 || node.kind === "directory") server.descriptors.drop(node);
  server.table.forgetIfLost(node);
}

const renameFlags: Readonly<Record<RenameMode, number>> = { replace: 0, noReplace: 1, exchange: 2 };

export function rename(
  server: DirectoryServer,
  fromParent: DirectoryNode,
  fromName: string,
  toParent: DirectoryNode,
  toName: string,
  mode: RenameMode,
  credential: Credential,
): void {
  const from = nameBytes(fromName, "rename");
  const to = nameBytes(toName, "rename");
  server.inDirectory(fromParent, "rename", (fromFd, fromRights) =>
    server.inDirectory(toParent, "rename", (toFd, toRights) => {
      const source = statusAt(fromFd, from);
      const target = statusAt(toFd, to);
      requireUnstuckIfForeign(server, fromRights, source, credential, "rename");
      requireUnstuckIfForeign(server, toRights, target, credential, "rename");
      const call = (): number => renameAt(fromFd, from, toFd, to, renameFlags[mode]);
      server.authority.requireForForeign(credential, "rename", toRights, entriesAccess);
      server.authority.perform(credential, "rename", fromRights, entriesAccess, call);
      if (source === undefined || (target !== undefined && isSame(source, target))) return;
      moved(server, source, fromParent, from, toParent, to);
      if (target === undefined) return;
      if (mode === "exchange") moved(server, target, toParent, to, fromParent, from);
      else unname(server, toParent, to, target);
    }),
  );
}

/** The table's part of a move. */
function moved(
  server: DirectoryServer,
  status: FileStatus,
  fromParent: DirectoryNode,
  from: Uint8Array,
  toParent: DirectoryNode,
  to: Uint8Array,
): void {
  const node = server.table.known(status);
  if (node === undefined) return;
  server.table.meet(toParent, to, status);
  server.table.forgetPlace(node, fromParent, from);
  node.nameCount++;
}

function isSame(one: FileStatus, other: FileStatus): boolean {
  return one.inode === other.inode && one.device === other.device;
}

/** Where the server cannot act as the credential it applies the rule of sticky directories itself. */
function requireUnstuckIfForeign(
  server: DirectoryServer,
  directory: FileStatus,
  victim: FileStatus | undefined,
  credential: Credential,
  syscall: string,
): void {
  if (victim === undefined || !server.authority.isForeign(credential)) return;
  requireUnstuck(attributesOf(directory), attributesOf(victim), credential, syscall);
}
