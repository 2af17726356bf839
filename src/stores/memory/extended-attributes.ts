/** Extended attributes of the memory server: names with a known prefix, values of at most 64 KiB (xattr(7)). */
import { encodeFileName, Failure } from "../../base/index.ts";
import { type Credential, permits, readAccess, writeAccess } from "../../port/index.ts";
import type { MemoryNode } from "./memory-node.ts";

const valueBytesMax = 65536;
const nameBytesMax = 255;

export function getExtendedAttribute(node: MemoryNode, name: string, credential: Credential): Uint8Array {
  requirePermission(node, name, credential, "getxattr", "read");
  const value = node.extendedAttributes.get(name);
  if (value === undefined) throw new Failure("ENODATA", { syscall: "getxattr" });
  return value.slice();
}

export function setExtendedAttribute(
  node: MemoryNode,
  name: string,
  value: Uint8Array,
  mode: "any" | "create" | "replace",
  credential: Credential,
): void {
  requirePermission(node, name, credential, "setxattr", "write");
  if (value.length > valueBytesMax) throw new Failure("E2BIG", { syscall: "setxattr" });
  const exists = node.extendedAttributes.has(name);
  if (mode === "create" && exists) throw new Failure("EEXIST", { syscall: "setxattr" });
  if (mode === "replace" && !exists) throw new Failure("ENODATA", { syscall: "setxattr" });
  node.extendedAttributes.set(name, value.slice());
}

export function listExtendedAttributes(node: MemoryNode, credential: Credential): readonly string[] {
  const names = [...node.extendedAttributes.keys()];
  return credential.uid === 0 ? names : names.filter((name) => !name.startsWith("trusted."));
}

export function removeExtendedAttribute(node: MemoryNode, name: string, credential: Credential): void {
  requirePermission(node, name, credential, "removexattr", "write");
  if (!node.extendedAttributes.delete(name)) throw new Failure("ENODATA", { syscall: "removexattr" });
}

function requirePermission(
  node: MemoryNode,
  name: string,
  credential: Credential,
  syscall: string,
  purpose: "read" | "write",
): void {
  if (encodeFileName(name).length > nameBytesMax) throw new Failure("ERANGE", { syscall });
  if (name.startsWith("trusted.")) {
    if (credential.uid !== 0) throw new Failure(purpose === "read" ? "ENODATA" : "EPERM", { syscall });
  } else if (name.startsWith("user.")) {
    requireUserAttribute(node, credential, syscall, purpose);
  } else if (name.startsWith("security.")) {
    if (purpose === "write" && credential.uid !== 0) throw new Failure("EPERM", { syscall });
  } else throw new Failure("ENOTSUP", { syscall });
}

/** User attributes are for files and directories only, under the mode bits; in sticky directories for the owner. */
function requireUserAttribute(
  node: MemoryNode,
  credential: Credential,
  syscall: string,
  purpose: "read" | "write",
): void {
  if (node.kind !== "file" && node.kind !== "directory") {
    throw new Failure(purpose === "read" ? "ENODATA" : "EPERM", { syscall });
  }
  const isSticky = node.kind === "directory" && (node.mode & 0o1000) !== 0;
  if (purpose === "write" && isSticky && credential.uid !== 0 && credential.uid !== node.uid) {
    throw new Failure("EPERM", { syscall });
  }
  if (!permits(node, purpose === "read" ? readAccess : writeAccess, credential)) {
    throw new Failure("EACCES", { syscall });
  }
}
