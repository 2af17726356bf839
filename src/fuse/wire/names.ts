/**
 * Requests about a name in a directory; the directory is the header's node.
 *
 *   LOOKUP, UNLINK, RMDIR: name
 *   SYMLINK: name, target
 *   fuse_mknod_in (16):   0 mode u32    4 rdev u32    8 umask u32   12 padding; name
 *   fuse_mkdir_in (8):    0 mode u32    4 umask u32; name
 *   fuse_rename_in (8):   0 newdir u64; old name, new name
 *   fuse_rename2_in (16): 0 newdir u64  8 flags u32  12 padding; old name, new name
 *   fuse_link_in (8):     0 oldnodeid u64; new name
 */
import { name, type Struct, secondName, u32, u64 } from "./struct.ts";

export const nameIn: Struct<never, "name"> = { name: name(0) };
export const symlinkIn: Struct<never, "name" | "target"> = { name: name(0), target: secondName(0) };
export const mknodIn: Struct<"mode" | "device" | "umask", "name"> = {
  mode: u32(0),
  device: u32(4),
  umask: u32(8),
  name: name(16),
};
export const mkdirIn: Struct<"mode" | "umask", "name"> = { mode: u32(0), umask: u32(4), name: name(8) };
export const renameIn: Struct<"toDirectory", "fromName" | "toName"> = {
  toDirectory: u64(0),
  fromName: name(8),
  toName: secondName(8),
};
export const rename2In: Struct<"toDirectory" | "flags", "fromName" | "toName"> = {
  toDirectory: u64(0),
  flags: u32(8),
  fromName: name(16),
  toName: secondName(16),
};
export const linkIn: Struct<"node", "name"> = { node: u64(0), name: name(8) };

/** Flags of RENAME2, as in renameat2(2). */
export const renameFlags = { NOREPLACE: 1, EXCHANGE: 2, WHITEOUT: 4 } as const;
