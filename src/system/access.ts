/** faccessat2(2): what the thread's file-system identity may do with the node that a descriptor names (Linux 5.8). */
import { libc } from "./libc.ts";

const faccessat2 = libc.func("long syscall(long number, int dirfd, const void *path, int mode, int flags)");

const faccessat2Number = 439;
const effectiveIds = 0x200;
const emptyPath = 0x1000;
const noPath: Uint8Array = new Uint8Array(1);

export interface AccessBits {
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
}

/** Answers 0, or -1 with `lastErrno`. */
export function checkAccess(fd: number, asked: AccessBits): number {
  const mode = (asked.read ? 4 : 0) | (asked.write ? 2 : 0) | (asked.execute ? 1 : 0);
  return faccessat2(faccessat2Number, fd, noPath, mode, effectiveIds | emptyPath) as number;
}
