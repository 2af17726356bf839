/** Extended attributes: the kernel knows who may see and change them (xattr(7)). */
import { decodeFileName, encodeFileName, Failure } from "../../base/index.ts";
import type { Credential } from "../../port/index.ts";
import {
  changeExtendedAttribute,
  deleteExtendedAttribute,
  extendedAttribute,
  extendedAttributeNames,
  pathOfDescriptor,
} from "../../system/index.ts";
import type { DirectoryNode } from "./directory-node.ts";
import type { DirectoryServer } from "./directory-server.ts";
import { withNul } from "./locator.ts";

const nothing = { read: false, write: false, execute: false } as const;
const readAccess = { read: true, write: false, execute: false } as const;
const writeAccess = { read: false, write: true, execute: false } as const;
const flagsOf = { any: 0, create: 1, replace: 2 } as const;

export function getExtendedAttribute(
  server: DirectoryServer,
  node: DirectoryNode,
  name: string,
  credential: Credential,
): Uint8Array {
  const bytes = attributeName(name, "getxattr");
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
  server.locator.use(node, "setxattr", (fd, status) => {
    const path = pathOfDescriptor(fd);
    const call = (): number => changeExtendedAttribute(path, bytes, value, flagsOf[mode]);
    server.authority.perform(credential, "setxattr", status, writeAccess, call);
  });
}

export function listExtendedAttributes(
  server: DirectoryServer,
  node: DirectoryNode,
  credential: Credential,
): readonly string[] {
  return server.locator.use(node, "listxattr", (fd, status) => {
    const path = pathOfDescriptor(fd);
    const list = server.authority.perform(credential, "listxattr", status, nothing, () => extendedAttributeNames(path));
    const names = decodeFileName(list).split("\0");
    return names.slice(0, -1);
  });
}

export function removeExtendedAttribute(
  server: DirectoryServer,
  node: DirectoryNode,
  name: string,
  credential: Credential,
): void {
  const bytes = attributeName(name, "removexattr");
  server.locator.use(node, "removexattr", (fd, status) => {
    const path = pathOfDescriptor(fd);
    const call = (): number => deleteExtendedAttribute(path, bytes);
    server.authority.perform(credential, "removexattr", status, writeAccess, call);
  });
}

/** Also the kernel's own attributes: what they say of a file (lists of access rights) is the store's to decide. */
function attributeName(name: string, syscall: string): Uint8Array {
  if (name === "" || name.includes("\0")) throw new Failure("EINVAL", { syscall });
  const bytes = encodeFileName(name);
  if (bytes.length > 255) throw new Failure("ERANGE", { syscall });
  return withNul(bytes);
}
