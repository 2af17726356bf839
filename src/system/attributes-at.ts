/** Changing mode, owner and times of the node that a descriptor names, also of one that opens nothing (O_PATH). */
import { libc } from "./libc.ts";

const chmod = libc.func("int chmod(const void *path, unsigned int mode)");
const fchownat = libc.func("int fchownat(int dirfd, const void *path, unsigned int uid, unsigned int gid, int flags)");
const utimensat = libc.func("int utimensat(int dirfd, const void *path, const void *times, int flags)");

const emptyPath = 0x1000;
const unchanged = 0xffffffff;
const timeNow = 0x3fffffffn;
const timeOmit = 0x3ffffffen;
const billion = 1_000_000_000n;
const noPath: Uint8Array = new Uint8Array(1);
const times: Uint8Array = new Uint8Array(32);
const timesView: DataView = new DataView(times.buffer);
const encoder = new TextEncoder();

/** The path that leads to whatever a descriptor of this process names, as bytes with their NUL. */
export function pathOfDescriptor(fd: number): Uint8Array {
  return encoder.encode(`/proc/self/fd/${fd}\0`);
}

/** Each answers 0, or -1 with `lastErrno`. Symbolic links have no mode: EOPNOTSUPP. */
export function changeMode(fd: number, mode: number): number {
  return chmod(pathOfDescriptor(fd), mode) as number;
}

/** An owner or group that is undefined stays. */
export function changeOwner(fd: number, uid: number | undefined, gid: number | undefined): number {
  return fchownat(fd, noPath, uid ?? unchanged, gid ?? unchanged, emptyPath) as number;
}

/** Times in nanoseconds since 1970; "now" is the system's clock, undefined stays. */
export function changeTimes(
  fd: number,
  accessTimeNs: bigint | "now" | undefined,
  modifyTimeNs: bigint | "now" | undefined,
): number {
  setTime(0, accessTimeNs);
  setTime(16, modifyTimeNs);
  return utimensat(-100, pathOfDescriptor(fd), times, 0) as number;
}

function setTime(position: number, time: bigint | "now" | undefined): void {
  const isValue = typeof time === "bigint";
  const nanoseconds = isValue ? ((time % billion) + billion) % billion : time === "now" ? timeNow : timeOmit;
  timesView.setBigInt64(position, isValue ? (time - nanoseconds) / billion : 0n, true);
  timesView.setBigInt64(position + 8, nanoseconds, true);
}
