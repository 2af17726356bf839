/**
 * Locks that other processes see (flock(2)). One belongs to an open descriptor: it ends when that is closed, so also when the
 * process is killed, and it follows the file when the file is renamed.
 */
import { codeOfErrno } from "../base/index.ts";
import { lastErrno, libc } from "./libc.ts";

const flock = libc.func("int flock(int fd, int operation)");

const exclusive = 2;
const withoutWaiting = 4;

/** Whose a lock is after asking for it; "unknown" where the file system keeps no such locks. */
export type LockHolder = "ours" | "others" | "unknown";

/** Asks for the lock of an open file, to have it alone, and never waits. */
export function tryLockFile(fd: number): LockHolder {
  if ((flock(fd, exclusive | withoutWaiting) as number) === 0) return "ours";
  return codeOfErrno(lastErrno()) === "EAGAIN" ? "others" : "unknown";
}
