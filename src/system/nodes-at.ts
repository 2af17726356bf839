/** Making, linking, renaming and removing names relative to directory descriptors. Names are bytes that end with a NUL. */
import { libc } from "./libc.ts";

const mkdirat = libc.func("int mkdirat(int dirfd, const void *name, unsigned int mode)");
const mknodat = libc.func("int mknodat(int dirfd, const void *name, unsigned int mode, uint64_t device)");
const symlinkat = libc.func("int symlinkat(const void *target, int dirfd, const void *name)");
const linkat = libc.func("int linkat(int olddirfd, const void *from, int newdirfd, const void *to, int flags)");
const unlinkat = libc.func("int unlinkat(int dirfd, const void *name, int flags)");
const renameat2 = libc.func(
  "int renameat2(int olddirfd, const void *from, int newdirfd, const void *to, unsigned int flags)",
);
const readlinkat = libc.func("long readlinkat(int dirfd, const void *name, _Out_ void *target, size_t size)");
const umask = libc.func("unsigned int umask(unsigned int mask)");

const removeDirectoryFlag = 0x200;
const followLink = 0x400;
const linkBytesMax = 4096;

/** Each answers 0 or more, or -1 with `lastErrno`. */
export function makeDirectoryAt(directory: number, name: Uint8Array, mode: number): number {
  return mkdirat(directory, name, mode) as number;
}

/** `mode` carries the type; `device` is packed as makedev(3) does. */
export function makeNodeAt(directory: number, name: Uint8Array, mode: number, device: number): number {
  return mknodat(directory, name, mode, device) as number;
}

export function makeSymbolicLinkAt(target: Uint8Array, directory: number, name: Uint8Array): number {
  return symlinkat(target, directory, name) as number;
}

/** Gives a name to the node that a path names; a magic link of /proc is followed to its node. */
export function linkAt(path: Uint8Array, directory: number, name: Uint8Array): number {
  return linkat(-100, path, directory, name, followLink) as number;
}

export function removeAt(directory: number, name: Uint8Array): number {
  return unlinkat(directory, name, 0) as number;
}

export function removeDirectoryAt(directory: number, name: Uint8Array): number {
  return unlinkat(directory, name, removeDirectoryFlag) as number;
}

/** `flags`: 0, 1 (RENAME_NOREPLACE) or 2 (RENAME_EXCHANGE). */
export function renameAt(from: number, fromName: Uint8Array, to: number, toName: Uint8Array, flags: number): number {
  return renameat2(from, fromName, to, toName, flags) as number;
}

/** The bytes of a symbolic link that a descriptor names; undefined with `lastErrno`. */
export function linkTarget(fd: number): Uint8Array | undefined {
  const target = new Uint8Array(linkBytesMax);
  const length = readlinkat(fd, new Uint8Array(1), target, target.length) as number;
  return length < 0 ? undefined : target.subarray(0, length);
}

/** Runs `make` with a umask of nothing, so that modes are taken as they are given. */
export function withoutUmask<Result>(make: () => Result): Result {
  const before = umask(0) as number;
  try {
    return make();
  } finally {
    umask(before);
  }
}
