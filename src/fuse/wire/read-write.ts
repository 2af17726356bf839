/**
 * Reading and writing, files and directories alike.
 *
 *   fuse_read_in (40):   0 fh u64   8 offset u64  16 size u32  20 read_flags u32   24 lock_owner u64  32 flags u32  36 padding
 *   fuse_write_in (40):  0 fh u64   8 offset u64  16 size u32  20 write_flags u32  24 lock_owner u64  32 flags u32  36 padding; payload
 *   fuse_write_out (8):  0 size u32   4 padding
 *
 * A READ is answered with the bytes alone; fewer than asked for mean the end of the file.
 */
import { type Struct, u32, u64 } from "./struct.ts";

type Fields = "handle" | "offset" | "size" | "ioFlags" | "flags";

export const transferIn: Struct<Fields> = {
  handle: u64(0),
  offset: u64(8),
  size: u32(16),
  ioFlags: u32(20),
  flags: u32(32),
};

/** What the kernel says about a WRITE (FUSE_WRITE_...). */
export const writeFlags = {
  /** Delayed, from a shared mapping: without credential, and a short answer would lose bytes. */
  CACHE: 1,
  LOCKOWNER: 2,
  /** The writer may not keep set-user-id and set-group-id bits. */
  KILL_SUIDGID: 4,
} as const;
