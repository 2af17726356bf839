/**
 * The flags of open(2) as Linux numbers them (asm-generic/fcntl.h), and the strings that node:fs takes for them.
 */
import { Failure } from "../base/index.ts";

export const openFlags = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_ACCMODE: 3,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_DSYNC: 0o10000,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
  /** Contains O_DSYNC: test it with `wantsSync`. */
  O_SYNC: 0o4010000,
} as const;

const flagsByText: Readonly<Record<string, number>> = {
  r: openFlags.O_RDONLY,
  rs: openFlags.O_RDONLY | openFlags.O_SYNC,
  "r+": openFlags.O_RDWR,
  "rs+": openFlags.O_RDWR | openFlags.O_SYNC,
  w: openFlags.O_WRONLY | openFlags.O_CREAT | openFlags.O_TRUNC,
  wx: openFlags.O_WRONLY | openFlags.O_CREAT | openFlags.O_TRUNC | openFlags.O_EXCL,
  "w+": openFlags.O_RDWR | openFlags.O_CREAT | openFlags.O_TRUNC,
  "wx+": openFlags.O_RDWR | openFlags.O_CREAT | openFlags.O_TRUNC | openFlags.O_EXCL,
  a: openFlags.O_WRONLY | openFlags.O_CREAT | openFlags.O_APPEND,
  ax: openFlags.O_WRONLY | openFlags.O_CREAT | openFlags.O_APPEND | openFlags.O_EXCL,
  as: openFlags.O_WRONLY | openFlags.O_CREAT | openFlags.O_APPEND | openFlags.O_SYNC,
  "a+": openFlags.O_RDWR | openFlags.O_CREAT | openFlags.O_APPEND,
  "ax+": openFlags.O_RDWR | openFlags.O_CREAT | openFlags.O_APPEND | openFlags.O_EXCL,
  "as+": openFlags.O_RDWR | openFlags.O_CREAT | openFlags.O_APPEND | openFlags.O_SYNC,
};

/** The number for what a caller of `open` gave; EINVAL for a string that node:fs does not know either. */
export function parseOpenFlags(flags: string | number): number {
  if (typeof flags === "number") return flags;
  const parsed = flagsByText[flags];
  if (parsed === undefined) throw new Failure("EINVAL", { syscall: "open", detail: `open flags '${flags}'` });
  return parsed;
}

export function allowsRead(flags: number): boolean {
  return (flags & openFlags.O_ACCMODE) !== openFlags.O_WRONLY;
}

export function allowsWrite(flags: number): boolean {
  return (flags & openFlags.O_ACCMODE) !== openFlags.O_RDONLY;
}

/** Whether each write must be durable before it is answered (O_SYNC, O_DSYNC). */
export function wantsSync(flags: number): boolean {
  return (flags & openFlags.O_DSYNC) !== 0;
}
