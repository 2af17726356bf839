/**
 * The request STATX and its answer.
 *
 *   fuse_statx_in (24):   0 getattr_flags u32  4 reserved  8 fh u64  16 sx_flags u32  20 sx_mask u32
 *   fuse_statx_out (288): 0 attr_valid u64  8 attr_valid_nsec u32  12 flags u32  16 spare u64 x 2  32 fuse_statx
 *   fuse_statx (256):     0 mask u32  4 blksize u32  8 attributes u64  16 nlink u32  20 uid u32  24 gid u32  28 mode u16
 *                        32 ino u64  40 size u64  48 blocks u64  56 attributes_mask u64  64 atime  80 btime  96 ctime
 *                       112 mtime (each i64 seconds, u32 nanoseconds, i32 reserved)  128 rdev_major u32  132 rdev_minor u32
 *                       136 dev_major u32  140 dev_minor u32  144 spare u64 x 14
 */
import type { Attributes } from "../../port/index.ts";
import { formatOf, type Validity } from "./attributes.ts";
import type { Reply } from "./reply.ts";
import { type Struct, u32, u64 } from "./struct.ts";

export const statxIn: Struct<"flags" | "handle" | "statxFlags" | "mask"> = {
  flags: u32(0),
  handle: u64(8),
  statxFlags: u32(16),
  mask: u32(20),
};
export const statxOutBytes = 288;

/** STATX_BASIC_STATS and STATX_BTIME. */
const answeredMask = 0xfff;

export function encodeStatx(reply: Reply, attributes: Attributes, validity: Validity): void {
  reply.zero(0, statxOutBytes);
  reply.u64(0, validity.seconds);
  reply.u32(8, validity.nanoseconds);
  const at = 32;
  reply.u32(at, answeredMask);
  reply.u32(at + 4, 128 * 1024);
  reply.u32(at + 16, attributes.linkCount);
  reply.u32(at + 20, attributes.uid);
  reply.u32(at + 24, attributes.gid);
  reply.u16(at + 28, formatOf(attributes.kind) | attributes.mode);
  reply.i64(at + 32, attributes.inode);
  reply.u64(at + 40, attributes.size);
  reply.u64(at + 48, attributes.blocks);
  encodeTime(reply, at + 64, attributes.accessTimeNs);
  encodeTime(reply, at + 80, attributes.birthTimeNs);
  encodeTime(reply, at + 96, attributes.changeTimeNs);
  encodeTime(reply, at + 112, attributes.modifyTimeNs);
  reply.u32(at + 128, (attributes.device >>> 8) & 0xfff);
  reply.u32(at + 132, (attributes.device & 0xff) | ((attributes.device >>> 12) & 0xfff00));
}

function encodeTime(reply: Reply, at: number, timeNs: bigint): void {
  const nanoseconds = ((timeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  reply.i64(at, (timeNs - nanoseconds) / 1_000_000_000n);
  reply.u32(at + 8, Number(nanoseconds));
}
