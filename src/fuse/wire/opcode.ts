/**
 * The opcode table: the number of every request of the protocol up to 7.45 (include/uapi/linux/fuse.h), the least that its
 * body must hold, and how many names follow. A packet is checked against its row once, when it arrives; the codecs may
 * then read their fields without looking.
 */

/** What the kernel expects back. */
export type AnswerKind = "answer" | "silence";

export interface OpcodeRow {
  readonly name: string;
  /** Bytes of the fixed part of the body, after the 40 bytes of header. */
  readonly bodyBytesMin: number;
  /** NUL-terminated strings that follow the fixed part. */
  readonly nameCount: number;
  readonly answer: AnswerKind;
}

function row(name: string, bodyBytesMin: number, nameCount = 0, answer: AnswerKind = "answer"): OpcodeRow {
  return { name, bodyBytesMin, nameCount, answer };
}

/** The numbers of the opcodes that the dispatcher knows. */
export const opcodes = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  SYMLINK: 6,
  MKNOD: 8,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  LINK: 13,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  SETXATTR: 21,
  GETXATTR: 22,
  LISTXATTR: 23,
  REMOVEXATTR: 24,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  FSYNCDIR: 30,
  GETLK: 31,
  SETLK: 32,
  SETLKW: 33,
  ACCESS: 34,
  CREATE: 35,
  INTERRUPT: 36,
  BMAP: 37,
  DESTROY: 38,
  IOCTL: 39,
  POLL: 40,
  NOTIFY_REPLY: 41,
  BATCH_FORGET: 42,
  FALLOCATE: 43,
  READDIRPLUS: 44,
  RENAME2: 45,
  LSEEK: 46,
  COPY_FILE_RANGE: 47,
  SETUPMAPPING: 48,
  REMOVEMAPPING: 49,
  SYNCFS: 50,
  TMPFILE: 51,
  STATX: 52,
  COPY_FILE_RANGE_64: 53,
} as const;

export type OpcodeName = keyof typeof opcodes;

const rowsByName: Readonly<Record<OpcodeName, OpcodeRow>> = {
  LOOKUP: row("LOOKUP", 0, 1),
  FORGET: row("FORGET", 8, 0, "silence"),
  GETATTR: row("GETATTR", 16),
  SETATTR: row("SETATTR", 88),
  READLINK: row("READLINK", 0),
  SYMLINK: row("SYMLINK", 0, 2),
  MKNOD: row("MKNOD", 16, 1),
  MKDIR: row("MKDIR", 8, 1),
  UNLINK: row("UNLINK", 0, 1),
  RMDIR: row("RMDIR", 0, 1),
  RENAME: row("RENAME", 8, 2),
  LINK: row("LINK", 8, 1),
  OPEN: row("OPEN", 8),
  READ: row("READ", 40),
  WRITE: row("WRITE", 40),
  STATFS: row("STATFS", 0),
  RELEASE: row("RELEASE", 24),
  FSYNC: row("FSYNC", 16),
  SETXATTR: row("SETXATTR", 8, 1),
  GETXATTR: row("GETXATTR", 8, 1),
  LISTXATTR: row("LISTXATTR", 8),
  REMOVEXATTR: row("REMOVEXATTR", 0, 1),
  FLUSH: row("FLUSH", 24),
  INIT: row("INIT", 16),
  OPENDIR: row("OPENDIR", 8),
  READDIR: row("READDIR", 40),
  RELEASEDIR: row("RELEASEDIR", 24),
  FSYNCDIR: row("FSYNCDIR", 16),
  GETLK: row("GETLK", 48),
  SETLK: row("SETLK", 48),
  SETLKW: row("SETLKW", 48),
  ACCESS: row("ACCESS", 8),
  CREATE: row("CREATE", 16, 1),
  INTERRUPT: row("INTERRUPT", 8, 0, "silence"),
  BMAP: row("BMAP", 16),
  DESTROY: row("DESTROY", 0),
  IOCTL: row("IOCTL", 32),
  POLL: row("POLL", 24),
  NOTIFY_REPLY: row("NOTIFY_REPLY", 0, 0, "silence"),
  BATCH_FORGET: row("BATCH_FORGET", 8, 0, "silence"),
  FALLOCATE: row("FALLOCATE", 32),
  READDIRPLUS: row("READDIRPLUS", 40),
  RENAME2: row("RENAME2", 16, 2),
  LSEEK: row("LSEEK", 24),
  COPY_FILE_RANGE: row("COPY_FILE_RANGE", 56),
  SETUPMAPPING: row("SETUPMAPPING", 32),
  REMOVEMAPPING: row("REMOVEMAPPING", 4),
  SYNCFS: row("SYNCFS", 8),
  // What follows is the kernel's own word for no name, "/", and nobody reads it.
  TMPFILE: row("TMPFILE", 16),
  STATX: row("STATX", 24),
  COPY_FILE_RANGE_64: row("COPY_FILE_RANGE_64", 56),
};

const opcodeMax = 53;
const rows: (OpcodeRow | undefined)[] = new Array(opcodeMax + 1).fill(undefined);
for (const [name, number] of Object.entries(opcodes)) rows[number] = rowsByName[name as OpcodeName];

/** The row of an opcode; undefined when the protocol has none of that number. */
export function opcodeRow(opcode: number): OpcodeRow | undefined {
  return rows[opcode];
}

/** The name of an opcode, for people. */
export function opcodeName(opcode: number): string {
  return rows[opcode]?.name ?? `opcode ${opcode}`;
}
