/**
 * Attributes and entries as answers carry them.
 *
 *   fuse_attr (88):       0 ino u64   8 size u64  16 blocks u64  24 atime u64  32 mtime u64  40 ctime u64
 *                        48 atimensec u32  52 mtimensec u32  56 ctimensec u32  60 mode u32  64 nlink u32  68 uid u32
 *                        72 gid u32  76 rdev u32  80 blksize u32  84 flags u32
 *   fuse_attr_out (104):  0 attr_valid u64  8 attr_valid_nsec u32  12 dummy  16 fuse_attr
 *   fuse_entry_out (128): 0 nodeid u64  8 generation u64  16 entry_valid u64  24 attr_valid u64  32 entry_valid_nsec u32
 *                        36 attr_valid_nsec u32  40 fuse_attr
 */
import type { Milliseconds } from "../../base/index.ts";
import type { Attributes, NodeKind } from "../../port/index.ts";
import type { Reply } from "./reply.ts";

export const attrOutBytes = 104;
export const entryOutBytes = 128;
/** What programs are told to read and write at once. */
const preferredBlockBytes = 128 * 1024;
const nanosecondsPerSecond = 1_000_000_000n;

const formatBits: Readonly<Record<NodeKind, number>> = {
  fifo: 0o010000,
  characterDevice: 0o020000,
  directory: 0o040000,
  blockDevice: 0o060000,
  file: 0o100000,
  symbolicLink: 0o120000,
  socket: 0o140000,
};

const kindsByFormat = new Map<number, NodeKind>(
  Object.entries(formatBits).map(([kind, bits]) => [bits, kind as NodeKind]),
);

/** The file type bits of st_mode. */
export function formatOf(kind: NodeKind): number {
  return formatBits[kind];
}

/** The kind that st_mode's type bits name; none means a regular file, as for mknod(2). */
export function kindOfMode(mode: number): NodeKind | undefined {
  const bits = mode & 0o170000;
  return bits === 0 ? "file" : kindsByFormat.get(bits);
}

/** How long the kernel may believe an answer. */
export interface Validity {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export function validityOf(timeoutMs: Milliseconds): Validity {
  const seconds = Math.floor(timeoutMs / 1000);
  return { seconds, nanoseconds: Math.round((timeoutMs - seconds * 1000) * 1e6) };
}

/** Writes a fuse_attr_out. */
export function encodeAttributeAnswer(reply: Reply, attributes: Attributes, validity: Validity): void {
  reply.u64(0, validity.seconds);
  reply.u32(8, validity.nanoseconds);
  reply.u32(12, 0);
  encodeAttributes(reply, 16, attributes);
}

/** Writes a fuse_entry_out at a position of the body. Numbers of nodes are never given twice, so the generation is 0. */
export function encodeEntry(
  reply: Reply,
  at: number,
  node: number,
  attributes: Attributes,
  entryValidity: Validity,
  attributeValidity: Validity,
): void {
  reply.u64(at, node);
  reply.u64(at + 8, 0);
  reply.u64(at + 16, entryValidity.seconds);
  reply.u64(at + 24, attributeValidity.seconds);
  reply.u32(at + 32, entryValidity.nanoseconds);
  reply.u32(at + 36, attributeValidity.nanoseconds);
  encodeAttributes(reply, at + 40, attributes);
}

/** Writes a fuse_entry_out that says: no such name, and believe that for a while. */
export function encodeAbsence(reply: Reply, entryValidity: Validity): void {
  reply.zero(0, entryOutBytes);
  reply.u64(16, entryValidity.seconds);
  reply.u32(32, entryValidity.nanoseconds);
}

function encodeAttributes(reply: Reply, at: number, attributes: Attributes): void {
  reply.i64(at, attributes.inode);
  reply.u64(at + 8, attributes.size);
  reply.u64(at + 16, attributes.blocks);
  encodeTime(reply, at + 24, at + 48, attributes.accessTimeNs);
  encodeTime(reply, at + 32, at + 52, attributes.modifyTimeNs);
  encodeTime(reply, at + 40, at + 56, attributes.changeTimeNs);
  reply.u32(at + 60, formatBits[attributes.kind] | attributes.mode);
  reply.u32(at + 64, attributes.linkCount);
  reply.u32(at + 68, attributes.uid);
  reply.u32(at + 72, attributes.gid);
  reply.u32(at + 76, attributes.device);
  reply.u32(at + 80, preferredBlockBytes);
  reply.u32(at + 84, 0);
}

/** Seconds rounded down, so that times before 1970 have nanoseconds of zero or more. */
function encodeTime(reply: Reply, secondsAt: number, nanosecondsAt: number, timeNs: bigint): void {
  let seconds = timeNs / nanosecondsPerSecond;
  let nanoseconds = Number(timeNs - seconds * nanosecondsPerSecond);
  if (nanoseconds < 0) {
    seconds -= 1n;
    nanoseconds += 1_000_000_000;
  }
  reply.i64(secondsAt, seconds);
  reply.u32(nanosecondsAt, nanoseconds);
}
