/** A request in words: "WRITE unique=12 node=5 uid=1000 gid=1000 pid=77 handle=3 offset=0 size=4096 ...". */

import { getxattrIn, listxattrIn, setxattrIn } from "./extended-attributes.ts";
import { batchForgetIn, forgetIn, interruptIn } from "./forget.ts";
import { initIn } from "./init.ts";
import { linkIn, mkdirIn, mknodIn, nameIn, rename2In, renameIn, symlinkIn } from "./names.ts";
import { type OpcodeName, opcodeName } from "./opcode.ts";
import { createIn, flushIn, fsyncIn, openIn, releaseIn } from "./open-files.ts";
import { copyFileRangeIn, fallocateIn, lseekIn } from "./ranges.ts";
import { transferIn } from "./read-write.ts";
import { headerBytes, type Request } from "./request.ts";
import { accessIn, getattrIn, setattrIn } from "./set-attributes.ts";
import { statxIn } from "./statx.ts";
import type { AnyStruct } from "./struct.ts";

const structs: Partial<Record<OpcodeName, AnyStruct>> = {
  LOOKUP: nameIn,
  FORGET: forgetIn,
  GETATTR: getattrIn,
  SETATTR: setattrIn,
  SYMLINK: symlinkIn,
  MKNOD: mknodIn,
  MKDIR: mkdirIn,
  UNLINK: nameIn,
  RMDIR: nameIn,
  RENAME: renameIn,
  LINK: linkIn,
  OPEN: openIn,
  READ: transferIn,
  WRITE: transferIn,
  RELEASE: releaseIn,
  FSYNC: fsyncIn,
  SETXATTR: setxattrIn,
  GETXATTR: getxattrIn,
  LISTXATTR: listxattrIn,
  REMOVEXATTR: nameIn,
  FLUSH: flushIn,
  INIT: initIn,
  OPENDIR: openIn,
  READDIR: transferIn,
  RELEASEDIR: releaseIn,
  FSYNCDIR: fsyncIn,
  ACCESS: accessIn,
  CREATE: createIn,
  INTERRUPT: interruptIn,
  BATCH_FORGET: batchForgetIn,
  FALLOCATE: fallocateIn,
  READDIRPLUS: transferIn,
  RENAME2: rename2In,
  LSEEK: lseekIn,
  COPY_FILE_RANGE: copyFileRangeIn,
  STATX: statxIn,
  COPY_FILE_RANGE_64: copyFileRangeIn,
};

/** The packet by its fields' names; a malformed one by what is wrong with it. */
export function describeRequest(request: Request): string {
  if (request.length < headerBytes) return `a packet of ${request.length} bytes`;
  const name = opcodeName(request.opcode);
  const head = `${name} unique=${request.unique} node=${request.nodeNumber} uid=${request.uid} gid=${request.gid} pid=${request.processId}`;
  const malformation = request.malformation();
  if (malformation !== undefined) return `${head} length=${request.length}: ${malformation}`;
  const struct = structs[name as OpcodeName];
  if (struct === undefined) return head;
  const fields = Object.entries(struct).map(([field, read]) => {
    const value = read(request);
    return `${field}=${typeof value === "string" ? JSON.stringify(value) : value}`;
  });
  return `${head} ${fields.join(" ")}`;
}
