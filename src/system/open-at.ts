/**
 * Opening relative to a directory's descriptor, without ever following a symbolic link on the way. openat2(2) (Linux 5.6)
 * keeps the whole walk beneath the directory in one call; where it is missing, the walk is made a step at a time.
 * Paths are bytes that end with a NUL.
 */
import { closeSync, constants } from "node:fs";
import koffi from "koffi";
import { lastErrno, libc } from "./libc.ts";

const openat = libc.func("int openat(int dirfd, const void *path, int flags, unsigned int mode)");
const openat2 = libc.func("long syscall(long number, int dirfd, const void *path, const void *how, size_t size)");

const openat2Number = 437;
const resolveNoMagicLinks = 0x02n;
const resolveNoSymbolicLinks = 0x04n;
const resolveBeneath = 0x08n;
const enosys = 38;

/** O_PATH: a descriptor that names a node and opens nothing. */
export const openPathOnly = 0o10000000;
/** O_CLOEXEC: children do not inherit the descriptor. */
const openCloseOnExec = 0o2000000;
/** AT_FDCWD: relative to the working directory. */
export const workingDirectory = -100;

const how: Uint8Array = new Uint8Array(24);
const howView: DataView = new DataView(how.buffer);
let hasOpenat2 = true;

/** Puts the errno of a failed call back, after calls that cleaned up behind it. */
function restoreErrno(errno: number): void {
  koffi.errno(errno);
}

/** Opens `path` relative to a directory; answers a descriptor, or -1 with `lastErrno`. */
export function openAt(directory: number, path: Uint8Array, flags: number, mode = 0): number {
  return openat(directory, path, flags | openCloseOnExec, mode);
}

/**
 * Opens `path` beneath a directory: no step is a symbolic link and none leads out (ELOOP, EXDEV). The last step may name a
 * symbolic link when the flags ask for the link itself (`openPathOnly` with O_NOFOLLOW). Answers a descriptor, or -1 with
 * `lastErrno`.
 */
export function openBeneath(directory: number, path: Uint8Array, flags: number): number {
  if (!hasOpenat2) return openByStep(directory, path, flags);
  howView.setBigUint64(0, BigInt(flags | openCloseOnExec), true);
  howView.setBigUint64(16, resolveBeneath | resolveNoSymbolicLinks | resolveNoMagicLinks, true);
  const fd = openat2(openat2Number, directory, path, how, how.length) as number;
  if (fd >= 0 || lastErrno() !== enosys) return fd;
  hasOpenat2 = false;
  return openByStep(directory, path, flags);
}

/** The same walk with openat(2) alone: each directory is opened without following links, then the next name in it. */
export function openByStep(directory: number, path: Uint8Array, flags: number): number {
  let at = directory;
  let start = 0;
  for (;;) {
    const slash = path.indexOf(0x2f, start);
    const isLast = slash < 0;
    const name = isLast ? path.subarray(start) : new Uint8Array([...path.subarray(start, slash), 0]);
    const step = isLast ? flags | constants.O_NOFOLLOW : openPathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const next = openat(at, name, step | openCloseOnExec, 0) as number;
    const errno = lastErrno();
    if (at !== directory) closeSync(at);
    restoreErrno(errno);
    if (next < 0 || isLast) return next;
    at = next;
    start = slash + 1;
  }
}
