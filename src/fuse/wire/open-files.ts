/**
 * Requests that open and close files and directories.
 *
 *   fuse_open_in (8):      0 flags u32   4 open_flags u32
 *   fuse_create_in (16):   0 flags u32   4 mode u32   8 umask u32  12 open_flags u32; name
 *   fuse_open_out (16):    0 fh u64      8 open_flags u32         12 backing_id u32
 *   fuse_release_in (24):  0 fh u64      8 flags u32  12 release_flags u32  16 lock_owner u64
 *   fuse_flush_in (24):    0 fh u64      8 unused    12 padding             16 lock_owner u64
 *   fuse_fsync_in (16):    0 fh u64      8 fsync_flags u32 (1: data only)   12 padding
 */
import type { Reply } from "./reply.ts";
import { name, type Struct, u32, u64 } from "./struct.ts";

export const openIn: Struct<"flags" | "openFlags"> = { flags: u32(0), openFlags: u32(4) };
export const createIn: Struct<"flags" | "mode" | "umask" | "openFlags", "name"> = {
  flags: u32(0),
  mode: u32(4),
  umask: u32(8),
  openFlags: u32(12),
  name: name(16),
};
export const releaseIn: Struct<"handle" | "flags" | "releaseFlags"> = {
  handle: u64(0),
  flags: u32(8),
  releaseFlags: u32(12),
};
export const flushIn: Struct<"handle"> = { handle: u64(0) };
export const fsyncIn: Struct<"handle" | "fsyncFlags"> = { handle: u64(0), fsyncFlags: u32(8) };

/** What the answer to an OPEN may tell the kernel (FOPEN_...). */
export const openReplyFlags = { DIRECT_IO: 1, KEEP_CACHE: 2, NONSEEKABLE: 4, CACHE_DIR: 8 } as const;
export const openOutBytes = 16;

/** Writes a fuse_open_out at a position of the reply's body. */
export function encodeOpen(reply: Reply, at: number, handle: number, flags: number): void {
  reply.u64(at, handle);
  reply.u32(at + 8, flags);
  reply.u32(at + 12, 0);
}
