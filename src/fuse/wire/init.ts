/**
 * INIT: the versions and features of the kernel against ours.
 *
 *   fuse_init_in (64; 16 before INIT_EXT): 0 major u32  4 minor u32  8 max_readahead u32  12 flags u32  16 flags2 u32  20 unused
 *   fuse_init_out (64):  0 major u32  4 minor u32  8 max_readahead u32  12 flags u32  16 max_background u16
 *                       18 congestion_threshold u16  20 max_write u32  24 time_gran u32  28 max_pages u16  30 map_alignment u16
 *                       32 flags2 u32  36 max_stack_depth u32  40 request_timeout u16  42 unused
 */
import type { Reply } from "./reply.ts";
import type { Request } from "./request.ts";
import { type Struct, u32 } from "./struct.ts";

export const initIn: Struct<"major" | "minor" | "readaheadBytesMax" | "flags"> = {
  major: u32(0),
  minor: u32(4),
  readaheadBytesMax: u32(8),
  flags: u32(12),
};
export const initOutBytes = 64;

export const protocol = { major: 7, minorMin: 31, minorMax: 45 } as const;

/** The most that one READ or WRITE carries: 256 pages, the kernel's own limit. */
export const payloadBytesMax: number = 1 << 20;

/** Bits of the INIT flags; from 32 on they lie in flags2. */
export const initFlags = {
  ASYNC_READ: 0,
  POSIX_LOCKS: 1,
  FILE_OPS: 2,
  ATOMIC_O_TRUNC: 3,
  EXPORT_SUPPORT: 4,
  BIG_WRITES: 5,
  DONT_MASK: 6,
  SPLICE_WRITE: 7,
  SPLICE_MOVE: 8,
  SPLICE_READ: 9,
  FLOCK_LOCKS: 10,
  HAS_IOCTL_DIR: 11,
  AUTO_INVAL_DATA: 12,
  DO_READDIRPLUS: 13,
  READDIRPLUS_AUTO: 14,
  ASYNC_DIO: 15,
  WRITEBACK_CACHE: 16,
  NO_OPEN_SUPPORT: 17,
  PARALLEL_DIROPS: 18,
  HANDLE_KILLPRIV: 19,
  POSIX_ACL: 20,
  ABORT_ERROR: 21,
  MAX_PAGES: 22,
  CACHE_SYMLINKS: 23,
  NO_OPENDIR_SUPPORT: 24,
  EXPLICIT_INVAL_DATA: 25,
  MAP_ALIGNMENT: 26,
  SUBMOUNTS: 27,
  HANDLE_KILLPRIV_V2: 28,
  SETXATTR_EXT: 29,
  INIT_EXT: 30,
  SECURITY_CTX: 32,
  HAS_INODE_DAX: 33,
  CREATE_SUPP_GROUP: 34,
  HAS_EXPIRE_ONLY: 35,
  DIRECT_IO_ALLOW_MMAP: 36,
  PASSTHROUGH: 37,
  NO_EXPORT_SUPPORT: 38,
  HAS_RESEND: 39,
  ALLOW_IDMAP: 40,
  OVER_IO_URING: 41,
  REQUEST_TIMEOUT: 42,
} as const;

export type InitFlag = keyof typeof initFlags;

/**
 * What is asked for when offered. Left out on purpose: WRITEBACK_CACHE (it hides credentials and sizes), AUTO_INVAL_DATA
 * (the kernel is told instead), POSIX_LOCKS and FLOCK_LOCKS (the kernel keeps locks by itself), DONT_MASK (it applies the
 * umask), DIRECT_IO_ALLOW_MMAP (a shared mapping must have one owner), HAS_RESEND, and everything for other transports.
 */
const wanted: readonly InitFlag[] = [
  "ASYNC_READ",
  "ATOMIC_O_TRUNC",
  "BIG_WRITES",
  "DO_READDIRPLUS",
  "READDIRPLUS_AUTO",
  "ASYNC_DIO",
  "PARALLEL_DIROPS",
  "ABORT_ERROR",
  "MAX_PAGES",
  "EXPLICIT_INVAL_DATA",
  "HANDLE_KILLPRIV_V2",
  "INIT_EXT",
  "CREATE_SUPP_GROUP",
  "HAS_EXPIRE_ONLY",
];

/** What both sides agreed on. */
export interface Agreement {
  readonly minor: number;
  readonly readaheadBytesMax: number;
  readonly has: ReadonlySet<InitFlag>;
}

/** The agreement with a kernel that offers this; undefined when its protocol is too old. */
export function agree(request: Request, readaheadBytesMax: number): Agreement | undefined {
  const major = initIn.major(request);
  const minor = initIn.minor(request);
  if (major < protocol.major || (major === protocol.major && minor < protocol.minorMin)) return undefined;
  const low = initIn.flags(request);
  const extended = isSet(low, initFlags.INIT_EXT) && request.bodyBytes >= 20;
  const high = extended ? request.u32(16) : 0;
  const offered = (flag: InitFlag): boolean => {
    const bit = initFlags[flag];
    return bit < 32 ? isSet(low, bit) : isSet(high, bit - 32);
  };
  return {
    minor: major > protocol.major ? protocol.minorMax : Math.min(minor, protocol.minorMax),
    readaheadBytesMax: Math.min(initIn.readaheadBytesMax(request), readaheadBytesMax),
    has: new Set(wanted.filter(offered)),
  };
}

/** Whether the kernel speaks a later major version: it is answered with ours alone and asks again. */
export function isFromTheFuture(request: Request): boolean {
  return initIn.major(request) > protocol.major;
}

/** Limits that the kernel keeps for us. */
export interface InitLimits {
  /** Requests under way that nobody waits for, such as read-ahead. */
  readonly backgroundMax: number;
}

export function encodeInit(reply: Reply, agreement: Agreement, limits: InitLimits): void {
  let low = 0;
  let high = 0;
  for (const flag of agreement.has) {
    const bit = initFlags[flag];
    if (bit < 32) low |= 1 << bit;
    else high |= 1 << (bit - 32);
  }
  reply.zero(0, initOutBytes);
  reply.u32(0, protocol.major);
  reply.u32(4, agreement.minor);
  reply.u32(8, agreement.readaheadBytesMax);
  reply.u32(12, low >>> 0);
  reply.u16(16, limits.backgroundMax);
  reply.u16(18, Math.floor((limits.backgroundMax * 3) / 4));
  reply.u32(20, payloadBytesMax);
  reply.u32(24, 1);
  reply.u16(28, agreement.has.has("MAX_PAGES") ? payloadBytesMax / 4096 : 0);
  reply.u32(32, high >>> 0);
}

function isSet(word: number, bit: number): boolean {
  return ((word >>> bit) & 1) === 1;
}
