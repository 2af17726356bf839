/**
 * What READDIR and READDIRPLUS answer: entries one after the other, each padded to 8 bytes.
 *
 *   fuse_dirent (24):      0 ino u64  8 off u64 (where the next READDIR goes on)  16 namelen u32  20 type u32; name
 *   fuse_direntplus (152): 0 fuse_entry_out (128)  128 fuse_dirent; name. A nodeid of 0 gives the name alone.
 */
import type { Attributes, NodeKind } from "../../port/index.ts";
import { encodeEntry, entryOutBytes, formatOf, type Validity } from "./attributes.ts";
import type { Reply } from "./reply.ts";

const direntBytes = 24;

/** How many bytes an entry takes. */
export function direntBytesOf(name: Uint8Array): number {
  return (direntBytes + name.length + 7) & ~7;
}

export function direntPlusBytesOf(name: Uint8Array): number {
  return entryOutBytes + direntBytesOf(name);
}

/** Writes a fuse_dirent and its name; answers the position behind. */
export function encodeDirent(
  reply: Reply,
  at: number,
  name: Uint8Array,
  inode: bigint,
  kind: NodeKind,
  next: number,
): number {
  const end = at + direntBytesOf(name);
  reply.zero(end - 8, 8);
  reply.i64(at, inode);
  reply.u64(at + 8, next);
  reply.u32(at + 16, name.length);
  reply.u32(at + 20, formatOf(kind) >>> 12);
  reply.put(at + direntBytes, name);
  return end;
}

/** Writes the fuse_entry_out half of a fuse_direntplus; without attributes, one that says nothing. */
export function encodeDirentNode(
  reply: Reply,
  at: number,
  node: number,
  attributes: Attributes | undefined,
  entryValidity: Validity,
  attributeValidity: Validity,
): number {
  if (attributes === undefined) reply.zero(at, entryOutBytes);
  else encodeEntry(reply, at, node, attributes, entryValidity, attributeValidity);
  return at + entryOutBytes;
}
