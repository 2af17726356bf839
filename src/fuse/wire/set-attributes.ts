/**
 * GETATTR, SETATTR, ACCESS.
 *
 *   fuse_getattr_in (16): 0 getattr_flags u32 (1: fh is valid)  4 dummy  8 fh u64
 *   fuse_setattr_in (88): 0 valid u32  4 padding  8 fh u64  16 size u64  24 lock_owner u64  32 atime u64  40 mtime u64
 *                        48 ctime u64  56 atimensec u32  60 mtimensec u32  64 ctimensec u32  68 mode u32  72 unused
 *                        76 uid u32  80 gid u32  84 unused
 *   fuse_access_in (8):   0 mask u32 (4 read, 2 write, 1 execute)  4 padding
 */
import type { AttributeChanges } from "../../port/index.ts";
import type { Request } from "./request.ts";
import { i64, type Struct, u32, u64 } from "./struct.ts";

export const getattrIn: Struct<"flags" | "handle"> = { flags: u32(0), handle: u64(8) };
export const accessIn: Struct<"mask"> = { mask: u32(0) };
export const setattrIn: Struct<
  "valid" | "handle" | "size" | "accessNs" | "modifyNs" | "mode" | "uid" | "gid",
  never,
  "accessSeconds" | "modifySeconds"
> = {
  valid: u32(0),
  handle: u64(8),
  size: u64(16),
  accessSeconds: i64(32),
  modifySeconds: i64(40),
  accessNs: u32(56),
  modifyNs: u32(60),
  mode: u32(68),
  uid: u32(76),
  gid: u32(80),
};

/** Which fields of a SETATTR count (FATTR_...). */
export const attributeBits = {
  MODE: 1,
  UID: 2,
  GID: 4,
  SIZE: 8,
  ATIME: 16,
  MTIME: 32,
  FH: 64,
  ATIME_NOW: 128,
  MTIME_NOW: 256,
  LOCKOWNER: 512,
  CTIME: 1024,
  KILL_SUIDGID: 2048,
} as const;

/** The changes that a SETATTR asks for. */
export function attributeChangesOf(request: Request): AttributeChanges {
  const valid = setattrIn.valid(request);
  const has = (bit: number): boolean => (valid & bit) !== 0;
  const changes: { -readonly [Key in keyof AttributeChanges]: AttributeChanges[Key] } = {};
  if (has(attributeBits.MODE)) changes.mode = setattrIn.mode(request) & 0o7777;
  if (has(attributeBits.UID)) changes.uid = setattrIn.uid(request);
  if (has(attributeBits.GID)) changes.gid = setattrIn.gid(request);
  if (has(attributeBits.SIZE)) changes.size = setattrIn.size(request);
  if (has(attributeBits.ATIME_NOW)) changes.accessTimeNs = "now";
  else if (has(attributeBits.ATIME)) {
    changes.accessTimeNs = nanoseconds(setattrIn.accessSeconds(request), setattrIn.accessNs(request));
  }
  if (has(attributeBits.MTIME_NOW)) changes.modifyTimeNs = "now";
  else if (has(attributeBits.MTIME)) {
    changes.modifyTimeNs = nanoseconds(setattrIn.modifySeconds(request), setattrIn.modifyNs(request));
  }
  if (has(attributeBits.KILL_SUIDGID)) changes.killSetId = true;
  return changes;
}

function nanoseconds(seconds: bigint, rest: number): bigint {
  return seconds * 1_000_000_000n + BigInt(rest);
}
