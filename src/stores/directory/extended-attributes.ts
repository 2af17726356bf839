/**
 * Extended attributes: the kernel knows who may see and change them (xattr(7)), with two exceptions. A server that runs as root
 * keeps the capabilities that `trusted.` and `security.` ask for while it acts for somebody else, and one that is an ordinary
 * user would change an access control list as the owner that it is. Both decide here.
 */
import { decodeFileName, encodeFileName, Failure } from "../../base/index.ts";
import { type Credential, readAccess, writeAccess } from "../../port/index.ts";
import {
  changeExtendedAttribute,
  deleteExtendedAttribute,
  extendedAttribute,
  extendedAttributeNames,
  pathOfDescriptor,
  statusOf,
} from "../../system/index.ts";
import { checked } from "./authority.ts";
import type { DirectoryNode } from "./directory-node.ts";
import type { DirectoryServer } from "./directory-server.ts";
import { withNul } from "./locator.ts";

const nothing = { read: false, write: false, execute: false } as const;
const flagsOf = { any: 0, create: 1, replace: 2 } as const;
/** The rights that a program lends. The kernel takes them away in the name of whoever writes to the file. */
const capabilities = "security.capability";

export function getExtendedAttribute(
  server: DirectoryServer,
  node: DirectoryNode,
  name: string,
  credential: Credential,
): Uint8Array {
  const bytes = attributeName(name, "getxattr");
  if (!isVisible(name, credential)) throw new Failure("ENODATA", { syscall: "getxattr" });
  return server.locator.use(node, "getxattr", (fd, status) => {
    const path = pathOfDescriptor(fd);
    return server.authority.perform(credential, "getxattr", status, readAccess, () => extendedAttribute(path, bytes));
  });
}

export function setExtendedAttribute(
  server: DirectoryServer,
  node: DirectoryNode,
  name: string,
  value: Uint8Array,
  mode: "any" | "create" | "replace",
  credential: Credential,
): void {
  const bytes = attributeName(name, "setxattr");
  requireChangeable(server, name, credential, "setxattr");
  change(server, node, credential, "setxattr", (path) => changeExtendedAttribute(path, bytes, value, flagsOf[mode]));
}

export function listExtendedAttributes(
  server: DirectoryServer,
  node: DirectoryNode,
  credential: Credential,
): readonly string[] {
  return server.locator.use(node, "listxattr", (fd, status) => {
    const path = pathOfDescriptor(fd);
    const list = server.authority.perform(credential, "listxattr", status, nothing, () => extendedAttributeNames(path));
    const names = decodeFileName(list).split("\0").slice(0, -1);
    return names.filter((name) => isVisible(name, credential));
  });
}

export function removeExtendedAttribute(
  server: DirectoryServer,
  node: DirectoryNode,
  name: string,
  credential: Credential,
): void {
  const bytes = attributeName(name, "removexattr");
  const remove = (path: Uint8Array): number => deleteExtendedAttribute(path, bytes);
  if (name !== capabilities) {
    requireChangeable(server, name, credential, "removexattr");
    change(server, node, credential, "removexattr", remove);
    return;
  }
  server.locator.use(node, "removexattr", (fd, status) => {
    server.holds.require(node, "write", credential, fd, status, "removexattr");
    checked(remove(pathOfDescriptor(fd)), "removexattr");
  });
}

/** Has the kernel make a change in the credential's name. An access control list changes the mode with it; holds stay. */
function change(
  server: DirectoryServer,
  node: DirectoryNode,
  credential: Credential,
  syscall: string,
  call: (path: Uint8Array) => number,
): void {
  server.locator.use(node, syscall, (fd, status) => {
    server.holds.notice(node, status);
    server.authority.perform(credential, syscall, status, writeAccess, () => call(pathOfDescriptor(fd)));
    server.holds.adopt(node, checked(statusOf(fd), syscall));
  });
}

function isVisible(name: string, credential: Credential): boolean {
  return credential.uid === 0 || !name.startsWith("trusted.");
}

/** EPERM for what only the superuser may change, and for lists of access rights where the server is the owner in their place. */
function requireChangeable(server: DirectoryServer, name: string, credential: Credential, syscall: string): void {
  if (credential.uid === 0) return;
  const isSuperusers = name.startsWith("trusted.") || name.startsWith("security.");
  const isOwners = name.startsWith("system.") && server.authority.isForeign(credential);
  if (isSuperusers || isOwners) throw new Failure("EPERM", { syscall });
}

/** Also the kernel's own attributes: what they say of a file (lists of access rights) is the store's to decide. */
function attributeName(name: string, syscall: string): Uint8Array {
  if (name === "" || name.includes("\0")) throw new Failure("EINVAL", { syscall });
  const bytes = encodeFileName(name);
  if (bytes.length > 255) throw new Failure("ERANGE", { syscall });
  return withNul(bytes);
}
