/** Which handler serves which opcode. What has none is answered with ENOSYS. */
import type { Handler } from "../session/session.ts";
import { type OpcodeName, opcodes } from "../wire/opcode.ts";
import * as attributes from "./attributes.ts";
import * as connection from "./connection.ts";
import * as directories from "./directories.ts";
import * as extended from "./extended-attributes.ts";
import * as names from "./names.ts";
import * as files from "./open-files.ts";
import * as ranges from "./ranges.ts";
import * as bytes from "./read-write.ts";

const byName: Partial<Record<OpcodeName, Handler>> = {
  LOOKUP: names.lookup,
  FORGET: connection.forget,
  GETATTR: attributes.getAttributes,
  SETATTR: attributes.setAttributes,
  READLINK: names.readLink,
  SYMLINK: names.makeSymbolicLink,
  MKNOD: names.makeNode,
  MKDIR: names.makeDirectory,
  UNLINK: names.unlink,
  RMDIR: names.removeDirectory,
  RENAME: names.rename,
  LINK: names.link,
  OPEN: files.open,
  READ: bytes.read,
  WRITE: bytes.write,
  STATFS: attributes.statistics,
  RELEASE: files.release,
  FSYNC: files.synchronize,
  SETXATTR: extended.setExtendedAttribute,
  GETXATTR: extended.getExtendedAttribute,
  LISTXATTR: extended.listExtendedAttributes,
  REMOVEXATTR: extended.removeExtendedAttribute,
  FLUSH: files.flush,
  INIT: connection.initialize,
  OPENDIR: directories.openDirectory,
  READDIR: directories.readDirectory,
  RELEASEDIR: directories.releaseDirectory,
  FSYNCDIR: directories.synchronizeDirectory,
  ACCESS: attributes.access,
  CREATE: files.create,
  INTERRUPT: connection.interrupt,
  DESTROY: connection.destroy,
  IOCTL: connection.noIoctl,
  BATCH_FORGET: connection.batchForget,
  FALLOCATE: ranges.allocate,
  READDIRPLUS: directories.readDirectoryPlus,
  RENAME2: names.rename2,
  LSEEK: ranges.seek,
  COPY_FILE_RANGE: ranges.copyFileRange,
  SYNCFS: files.synchronizeAll,
  STATX: attributes.getStatx,
  COPY_FILE_RANGE_64: ranges.copyFileRange,
};

const handlerTable: (Handler | undefined)[] = [];
for (const [name, number] of Object.entries(opcodes)) handlerTable[number] = byName[name as OpcodeName];

/** The handlers by opcode. */
export const handlers: readonly (Handler | undefined)[] = handlerTable;
