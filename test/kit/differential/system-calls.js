/**
 * The system calls that a program under comparison needs and Node lacks, bound directly. Each throws an error with errno's
 * name as its `code`. Memory is named by its address, so that a system call may be given a mapping as its buffer.
 */
import { constants } from "node:os";
import koffi from "koffi";

const libc = koffi.load("libc.so.6");

function codeOfNumber(number) {
  return Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? `E${number}`;
}

/** A call that answers a number, or throws when that is -1. */
function call(prototype) {
  const bound = libc.func(prototype);
  return (...parameters) => {
    const result = Number(bound(...parameters));
    if (result !== -1) return result;
    // Looked at before anything else: making an error changes it.
    const errno = koffi.errno();
    throw Object.assign(new Error(prototype), { code: codeOfNumber(errno) });
  };
}

const withNul = (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]);
const path = (prototype) => {
  const bound = call(prototype);
  return (bytes, ...parameters) => bound(withNul(bytes), ...parameters);
};

export const dup = call("int dup(int fd)");
export const lseek = call("int64_t lseek(int fd, int64_t offset, int whence)");
export const fallocate = call("int fallocate(int fd, int mode, int64_t offset, int64_t length)");
export const posixFadvise = call("int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)");
export const preadTo = call("int64_t pread(int fd, uintptr_t address, size_t length, int64_t offset)");
export const pwriteFrom = call("int64_t pwrite(int fd, uintptr_t address, size_t length, int64_t offset)");
export const msync = call("int msync(uintptr_t address, size_t length, int flags)");
export const munmap = call("int munmap(uintptr_t address, size_t length)");
export const mmap = call(
  "intptr_t mmap(uintptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)",
);
export const makeNode = path("int mknod(const void *path, unsigned int mode, uint64_t device)");
export const truncate = path("int truncate(const void *path, int64_t size)");

const copy = call(
  "int64_t copy_file_range(int from, void *fromAt, int to, void *toAt, size_t length, unsigned int flags)",
);
const place = (offset) => {
  if (offset === null) return null;
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(offset));
  return bytes;
};
export const copyFileRange = (from, fromOffset, to, toOffset, length) =>
  copy(from, place(fromOffset), to, place(toOffset), length, 0);

const rename2 = call("int renameat2(int from, const void *old, int to, const void *new, unsigned int flags)");
const workingDirectory = -100;
export const rename = (from, to, flags) =>
  rename2(workingDirectory, withNul(from), workingDirectory, withNul(to), flags);

const linkAt = call("int linkat(int from, const void *old, int to, const void *new, int flags)");
const followLink = 0x400;
/** Gives an open file one more name. */
export const linkOpen = (fd, to) =>
  linkAt(workingDirectory, withNul(Buffer.from(`/proc/self/fd/${fd}`)), workingDirectory, withNul(to), followLink);

const utimensat = call("int utimensat(int directory, const void *path, const void *times, int flags)");
const futimens = call("int futimens(int fd, const void *times)");
const noFollow = 0x100;
const billion = 1_000_000_000n;

/** Times are nanoseconds as text, "now" or "omit". */
function timespecs(times) {
  const bytes = Buffer.alloc(32);
  for (const [index, time] of times.entries()) {
    if (time === "now" || time === "omit") {
      bytes.writeBigInt64LE(time === "now" ? 0x3fffffffn : 0x3ffffffen, index * 16 + 8);
      continue;
    }
    const nanoseconds = ((BigInt(time) % billion) + billion) % billion;
    bytes.writeBigInt64LE((BigInt(time) - nanoseconds) / billion, index * 16);
    bytes.writeBigInt64LE(nanoseconds, index * 16 + 8);
  }
  return bytes;
}
export const setTimes = (at, times, follow) =>
  utimensat(workingDirectory, withNul(at), timespecs(times), follow ? 0 : noFollow);
export const setTimesOpen = (fd, times) => futimens(fd, timespecs(times));

const lset = call("int lsetxattr(const void *path, const char *name, const void *value, size_t size, int flags)");
const lget = call("int64_t lgetxattr(const void *path, const char *name, void *value, size_t size)");
const llist = call("int64_t llistxattr(const void *path, void *list, size_t size)");
const lremove = call("int lremovexattr(const void *path, const char *name)");
const fset = call("int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)");
const fget = call("int64_t fgetxattr(int fd, const char *name, void *value, size_t size)");
export const attributeBytesMax = 65536;

/** Extended attributes of a path (not of what a link points to) or of an open file. */
export const setAttribute = (at, name, value, flags) =>
  typeof at === "number"
    ? fset(at, name, value, value.length, flags)
    : lset(withNul(at), name, value, value.length, flags);
export function getAttribute(at, name, size = attributeBytesMax) {
  const value = Buffer.alloc(size);
  const count = typeof at === "number" ? fget(at, name, value, size) : lget(withNul(at), name, value, size);
  return size === 0 ? count : value.subarray(0, count);
}
export function listAttributes(at) {
  const list = Buffer.alloc(attributeBytesMax);
  const names = list.toString("latin1", 0, llist(withNul(at), list, list.length));
  return names.split("\0").filter(Boolean).sort();
}
export const removeAttribute = (at, name) => lremove(withNul(at), name);

const copyIn = libc.func("void *memcpy(uintptr_t to, const void *from, size_t length)");
const copyOut = libc.func("void *memcpy(void *to, uintptr_t from, size_t length)");

/** Stores bytes into memory, or takes bytes out of it: what a program does with a mapping. */
export const storeBytes = (address, bytes) => void copyIn(address, bytes, bytes.length);
export function loadBytes(address, length) {
  const bytes = Buffer.alloc(length);
  copyOut(bytes, address, length);
  return bytes;
}

export const protectRead = 1;
export const protectReadWrite = 3;
export const mapShared = 1;
export const mapPrivate = 2;
const mapAnonymous = 0x20;

/** Memory of our own that begins on a page, as O_DIRECT wants it. */
export const alignedMemory = (length) => mmap(0, length, protectReadWrite, mapPrivate | mapAnonymous, -1, 0);
