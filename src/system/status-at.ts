/** statx(2): what a node is, with nanoseconds and its time of birth, relative to a descriptor and without following links. */
import { libc } from "./libc.ts";

const statx = libc.func("int statx(int dirfd, const void *path, int flags, unsigned int mask, void *result)");

const emptyPath = 0x1000;
const noFollow = 0x100;
const basicAndBirth = 0xfff;
const billion = 1_000_000_000n;

/** The fields of struct statx that a store needs. Times are nanoseconds since 1970. */
export interface FileStatus {
  /** Type and permission bits. */
  readonly mode: number;
  readonly linkCount: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  /** Units of 512 bytes. */
  readonly blocks: number;
  readonly inode: bigint;
  /** The device that holds the node, and for device nodes the one that it names, as makedev(3) packs them. */
  readonly device: number;
  readonly specialDevice: number;
  readonly accessTimeNs: bigint;
  readonly modifyTimeNs: bigint;
  readonly changeTimeNs: bigint;
  /** 0 where the file system does not keep it. */
  readonly birthTimeNs: bigint;
}

const result: Uint8Array = new Uint8Array(256);
const view: DataView = new DataView(result.buffer);
const words: Uint32Array = new Uint32Array(result.buffer);
const noPath: Uint8Array = new Uint8Array(1);

/** The status of an open descriptor, also of one that names a node only; undefined with `lastErrno`. */
export function statusOf(fd: number): FileStatus | undefined {
  return (statx(fd, noPath, emptyPath, basicAndBirth, result) as number) < 0 ? undefined : parse();
}

/** A status with the kernel's words for it, by which the same answer is recognised. */
export interface KnownStatus {
  /** Its time of access is that of the first time this was answered. */
  readonly status: FileStatus;
  readonly words: Uint32Array;
}

/** Where the words of the time of access stand, and where the words end that tell anything. */
const accessTimeFrom = 0x40 / 4;
const accessTimeTo = 0x50 / 4;
const wordsEnd = 0x90 / 4;

/**
 * The status of an open descriptor that is asked for again and again: `known` itself while nothing but the time of access
 * is different, which costs a comparison instead of numbers and times made anew. Undefined with `lastErrno`.
 */
export function statusAgain(fd: number, known: KnownStatus | undefined): KnownStatus | undefined {
  if ((statx(fd, noPath, emptyPath, basicAndBirth, result) as number) < 0) return undefined;
  if (known !== undefined && isAnsweredAgain(known.words)) return known;
  return { status: parse(), words: words.slice(0, wordsEnd) };
}

function isAnsweredAgain(before: Uint32Array): boolean {
  for (let at = 0; at < wordsEnd; at++) {
    if (words[at] !== before[at] && (at < accessTimeFrom || at >= accessTimeTo)) return false;
  }
  return true;
}

/** The status of a name in a directory, of the link itself if it is one; undefined with `lastErrno`. */
export function statusAt(directory: number, name: Uint8Array): FileStatus | undefined {
  return (statx(directory, name, noFollow, basicAndBirth, result) as number) < 0 ? undefined : parse();
}

/** The status of a path, links followed; undefined with `lastErrno`. */
export function statusOfPath(path: Uint8Array): FileStatus | undefined {
  return (statx(-100, path, 0, basicAndBirth, result) as number) < 0 ? undefined : parse();
}

function parse(): FileStatus {
  return {
    mode: view.getUint16(0x1c, true),
    linkCount: view.getUint32(0x10, true),
    uid: view.getUint32(0x14, true),
    gid: view.getUint32(0x18, true),
    size: Number(view.getBigUint64(0x28, true)),
    blocks: Number(view.getBigUint64(0x30, true)),
    inode: view.getBigUint64(0x20, true),
    device: packDevice(view.getUint32(0x88, true), view.getUint32(0x8c, true)),
    specialDevice: packDevice(view.getUint32(0x80, true), view.getUint32(0x84, true)),
    accessTimeNs: timeAt(0x40),
    modifyTimeNs: timeAt(0x70),
    changeTimeNs: timeAt(0x60),
    birthTimeNs: timeAt(0x50),
  };
}

function timeAt(position: number): bigint {
  return view.getBigInt64(position, true) * billion + BigInt(view.getUint32(position + 8, true));
}

function packDevice(major: number, minor: number): number {
  return (((major & 0xfff) << 8) | (minor & 0xff) | ((minor & 0xfff00) << 12)) >>> 0;
}
