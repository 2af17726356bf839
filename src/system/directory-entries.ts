/** getdents64(2): the names in a directory as bytes, with inode numbers and types. */
import { libc } from "./libc.ts";

const getdents64 = libc.func("long getdents64(int fd, _Out_ void *entries, size_t size)");

/** One entry as the kernel gives it; `type` is a DT_ number, 0 when the file system does not say. */
export interface RawDirectoryEntry {
  readonly inode: bigint;
  readonly type: number;
  readonly name: Uint8Array;
}

const chunkBytes = 65536;

/** The next entries of an open directory, `.` and `..` left out; empty at the end, undefined with `lastErrno`. */
export function nextDirectoryEntries(fd: number): RawDirectoryEntry[] | undefined {
  const chunk = new Uint8Array(chunkBytes);
  const view = new DataView(chunk.buffer);
  const entries: RawDirectoryEntry[] = [];
  while (entries.length === 0) {
    const length = getdents64(fd, chunk, chunk.length) as number;
    if (length < 0) return undefined;
    if (length === 0) break;
    for (let at = 0; at < length; at += view.getUint16(at + 16, true)) {
      const name = chunk.subarray(at + 19, chunk.indexOf(0, at + 19));
      if (isDots(name)) continue;
      entries.push({ inode: view.getBigUint64(at, true), type: view.getUint8(at + 18), name });
    }
  }
  return entries;
}

function isDots(name: Uint8Array): boolean {
  return name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e));
}
