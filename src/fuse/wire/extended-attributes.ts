/**
 * The requests and answers of extended attributes.
 *
 *   fuse_setxattr_in (8; 16 with FUSE_SETXATTR_EXT, which is not asked for): 0 size u32  4 flags u32; name, value
 *   fuse_getxattr_in (8): 0 size u32  4 padding; name (LISTXATTR: none)
 *   fuse_getxattr_out (8): 0 size u32  4 padding, when size 0 asked for the length alone; otherwise the value
 */
import { name, type Struct, u32 } from "./struct.ts";

export const setxattrIn: Struct<"size" | "flags", "name"> = { size: u32(0), flags: u32(4), name: name(8) };
export const getxattrIn: Struct<"size", "name"> = { size: u32(0), name: name(8) };
export const listxattrIn: Struct<"size"> = { size: u32(0) };

/** Flags of setxattr(2). */
export const setxattrFlags = { CREATE: 1, REPLACE: 2 } as const;
