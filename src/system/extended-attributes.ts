/** Extended attributes (xattr(7)) of the node that a path names; names are bytes that end with a NUL. */
import { libc } from "./libc.ts";

const getxattr = libc.func("long getxattr(const void *path, const void *name, _Out_ void *value, size_t size)");
const setxattr = libc.func(
  "int setxattr(const void *path, const void *name, const void *value, size_t size, int flags)",
);
const listxattr = libc.func("long listxattr(const void *path, _Out_ void *list, size_t size)");
const removexattr = libc.func("int removexattr(const void *path, const void *name)");

const valueBytesMax = 65536;

/** The value; undefined with `lastErrno`. */
export function extendedAttribute(path: Uint8Array, name: Uint8Array): Uint8Array | undefined {
  const value = new Uint8Array(valueBytesMax);
  const length = getxattr(path, name, value, value.length) as number;
  return length < 0 ? undefined : value.slice(0, length);
}

/** `flags`: 0, 1 (XATTR_CREATE) or 2 (XATTR_REPLACE). Answers 0, or -1 with `lastErrno`. */
export function changeExtendedAttribute(path: Uint8Array, name: Uint8Array, value: Uint8Array, flags: number): number {
  return setxattr(path, name, value, value.length, flags) as number;
}

/** The names, each followed by a NUL; undefined with `lastErrno`. */
export function extendedAttributeNames(path: Uint8Array): Uint8Array | undefined {
  const list = new Uint8Array(valueBytesMax);
  const length = listxattr(path, list, list.length) as number;
  return length < 0 ? undefined : list.slice(0, length);
}

export function deleteExtendedAttribute(path: Uint8Array, name: Uint8Array): number {
  return removexattr(path, name) as number;
}
