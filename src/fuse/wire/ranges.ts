/**
 * Requests about ranges of a file.
 *
 *   fuse_fallocate_in (32):       0 fh u64   8 offset u64  16 length u64  24 mode u32  28 padding
 *   fuse_lseek_in (24):           0 fh u64   8 offset u64  16 whence u32  20 padding
 *   fuse_lseek_out (8):           0 offset u64
 *   fuse_copy_file_range_in (56): 0 fh_in u64  8 off_in u64  16 nodeid_out u64  24 fh_out u64  32 off_out u64  40 len u64
 *                                48 flags u64; answered with a fuse_write_out, or, COPY_FILE_RANGE_64, a u64
 */
import { type Struct, u32, u64 } from "./struct.ts";

export const fallocateIn: Struct<"handle" | "offset" | "length" | "mode"> = {
  handle: u64(0),
  offset: u64(8),
  length: u64(16),
  mode: u32(24),
};
export const lseekIn: Struct<"handle" | "offset" | "whence"> = { handle: u64(0), offset: u64(8), whence: u32(16) };
export const copyFileRangeIn: Struct<
  "fromHandle" | "fromOffset" | "toNode" | "toHandle" | "toOffset" | "length" | "flags"
> = {
  fromHandle: u64(0),
  fromOffset: u64(8),
  toNode: u64(16),
  toHandle: u64(24),
  toOffset: u64(32),
  length: u64(40),
  flags: u64(48),
};

/** Modes of fallocate(2). */
export const fallocateModes = { KEEP_SIZE: 1, PUNCH_HOLE: 2, COLLAPSE_RANGE: 8, ZERO_RANGE: 16 } as const;
/** Whence of lseek(2), as far as the kernel asks. */
export const seekWhence = { DATA: 3, HOLE: 4 } as const;
