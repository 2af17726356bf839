/** Operations on the content of files: reads, writes at a version, size, holes. Data goes through the thread pool. */
import { ftruncate, ftruncateSync } from "node:fs";
import { type ByteCount, type ByteOffset, Failure, failureFrom } from "../../base/index.ts";
import {
  type ChangedAttributes,
  type Credential,
  type ReadResult,
  type Version,
  VersionConflict,
  type WriteResult,
} from "../../port/index.ts";
import {
  allocateFile,
  type FileStatus,
  lastErrno,
  punchFileHole,
  seekFile,
  statusAgain,
  statusOf,
} from "../../system/index.ts";
import { attributesOf, versionOf } from "./attributes.ts";
import { checked } from "./authority.ts";
import type { DirectoryNode } from "./directory-node.ts";
import type { DirectoryServer } from "./directory-server.ts";
import { readCached, readFrames, writeFrames } from "./vector-io.ts";
import { takeTurn } from "./write-turns.ts";

const enxio = 6;
const zerosBytes = 1024 * 1024;
/** A size change that frees more storage than this (units of 512 bytes) leaves the calling thread. */
const slowToFreeBlocks = 65536;

export async function readContent(
  server: DirectoryServer,
  node: DirectoryNode,
  offset: ByteOffset,
  frames: readonly Uint8Array[],
  credential: Credential,
): Promise<ReadResult> {
  const fd = server.descriptors.acquire(node, "read", "read");
  try {
    const { size, version } = lookBeforeRead(server, node, fd, credential);
    const byteCount = offset >= size ? 0 : await readFrames(fd, offset, frames);
    // The version before: if the file changed meanwhile, the bytes may be of either, and the next look will tell.
    return { byteCount, version };
  } finally {
    server.descriptors.giveBack(node);
  }
}

/** As `readContent`, if the kernel has all the bytes in memory. Failures are left to the read that waits. */
export function tryReadContent(
  server: DirectoryServer,
  node: DirectoryNode,
  offset: ByteOffset,
  frames: readonly Uint8Array[],
  credential: Credential,
): ReadResult | undefined {
  const fd = server.descriptors.acquire(node, "read", "read");
  try {
    const { size, version } = lookBeforeRead(server, node, fd, credential);
    const wanted = Math.min(bytesOf(frames), Math.max(0, size - offset));
    const byteCount = wanted === 0 ? 0 : readCached(fd, offset, frames);
    return byteCount < wanted ? undefined : { byteCount, version };
  } finally {
    server.descriptors.giveBack(node);
  }
}

/** Size and version of the file as it is now; refuses a credential that may not read it. */
function lookBeforeRead(
  server: DirectoryServer,
  node: DirectoryNode,
  fd: number,
  credential: Credential,
): { readonly size: ByteCount; readonly version: Version } {
  const last = node.lastRead;
  const known = checked(statusAgain(fd, last?.known), "read");
  const { status } = known;
  server.holds.require(node, "read", credential, fd, status, "read");
  requireNamedOrHeld(node, status, "read");
  if (known === last?.known) return { size: status.size, version: last.version };
  const version = versionOf(status);
  node.lastRead = { known, version };
  return { size: status.size, version };
}

function bytesOf(frames: readonly Uint8Array[]): ByteCount {
  let sum = 0;
  for (const frame of frames) sum += frame.length;
  return sum;
}

export async function writeContent(
  server: DirectoryServer,
  node: DirectoryNode,
  offset: ByteOffset,
  frames: readonly Uint8Array[],
  expected: Version | undefined,
  credential: Credential,
): Promise<WriteResult> {
  if (!Number.isSafeInteger(offset) || offset < 0) throw new Failure("EINVAL", { syscall: "write" });
  return changeContent(server, node, credential, "write", async (fd, before) => {
    if (expected !== undefined) requireVersion(node, expected, versionOf(before));
    let byteCount: ByteCount;
    try {
      byteCount = await writeFrames(fd, offset, frames);
    } catch (failure) {
      // A write that fails has written nothing, but the kernel may have stamped the file before it found no room.
      noteSameBytes(node, versionOf(before), versionOf(checked(statusOf(fd), "write")), expected);
      throw failure;
    }
    // What we have only stamped ourselves counts as the version that was expected.
    return { byteCount, attributes: changedFrom(expected ?? versionOf(before), fd, "write") };
  });
}

/** Our own change of a file's time stamps made a new version of the same bytes. */
function requireVersion(node: DirectoryNode, expected: Version, now: Version): void {
  const isSame = expected === now || (node.versionNow === now && node.versionsBefore.has(expected));
  if (!isSame) throw new VersionConflict(now);
}

/**
 * Notes that this store changed time stamps only: both versions mean the same bytes. The version that somebody expects just
 * now is among the last to be forgotten, however many others come and go.
 */
export function noteSameBytes(node: DirectoryNode, before: Version, after: Version, expected: Version = before): void {
  if (before === after) return;
  if (node.versionNow !== before) node.versionsBefore.clear();
  for (const version of [before, expected]) {
    node.versionsBefore.delete(version);
    node.versionsBefore.add(version);
  }
  for (const oldest of node.versionsBefore) {
    if (node.versionsBefore.size <= versionsBeforeMax) break;
    node.versionsBefore.delete(oldest);
  }
  node.versionNow = after;
}

const versionsBeforeMax = 16;

/** What the file is after a change that met it at `previous`. */
function changedFrom(previous: Version, fd: number, syscall: string): ChangedAttributes {
  return { ...attributesOf(checked(statusOf(fd), syscall)), previous };
}

/** Cuts or extends the file as `setAttributes` asks, and answers the version it met; the caller has checked the permission. */
export async function resize(server: DirectoryServer, node: DirectoryNode, size: ByteCount): Promise<Version> {
  await using _turn = await takeTurn(node.identity);
  const fd = server.descriptors.acquire(node, "write", "truncate");
  try {
    const before = checked(statusOf(fd), "truncate");
    if (before.blocks <= slowToFreeBlocks) ftruncateSync(fd, size);
    else await truncateLater(fd, size);
    return versionOf(before);
  } catch (error) {
    throw failureFrom(error, { syscall: "truncate" });
  } finally {
    server.descriptors.giveBack(node);
  }
}

function truncateLater(fd: number, size: ByteCount): Promise<void> {
  return new Promise((resolve, reject) => {
    ftruncate(fd, size, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

export function punchHole(
  server: DirectoryServer,
  node: DirectoryNode,
  offset: ByteOffset,
  length: ByteCount,
  credential: Credential,
): Promise<ChangedAttributes> {
  requireRange(offset, length);
  return changeContent(server, node, credential, "fallocate", async (fd, before) => {
    try {
      await punchFileHole(fd, offset, length);
    } catch (failure) {
      if (!(failure instanceof Failure) || failure.code !== "ENOTSUP") throw failure;
      await writeZeros(fd, offset, Math.min(offset + length, before.size));
    }
    return changedFrom(versionOf(before), fd, "fallocate");
  });
}

/** What a hole is on a file system that has none. */
async function writeZeros(fd: number, start: ByteOffset, end: number): Promise<void> {
  const zeros = new Uint8Array(Math.max(0, Math.min(zerosBytes, end - start)));
  for (let at: number = start; at < end; ) {
    const count = await writeFrames(fd, at, [zeros.subarray(0, Math.min(zeros.length, end - at))]);
    if (count === 0) throw new Failure("EIO", { syscall: "fallocate" });
    at += count;
  }
}

export function allocate(
  server: DirectoryServer,
  node: DirectoryNode,
  offset: ByteOffset,
  length: ByteCount,
  keepSize: boolean,
  credential: Credential,
): Promise<ChangedAttributes> {
  requireRange(offset, length);
  return changeContent(server, node, credential, "fallocate", async (fd, before) => {
    await allocateFile(fd, offset, length, keepSize);
    return changedFrom(versionOf(before), fd, "fallocate");
  });
}

function requireRange(offset: ByteOffset, length: ByteCount): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length <= 0) {
    throw new Failure("EINVAL", { syscall: "fallocate" });
  }
  if (!Number.isSafeInteger(offset + length)) throw new Failure("EFBIG", { syscall: "fallocate" });
}

/** Where data lies is told to whoever may read the file or write it. */
export function seekContent(
  server: DirectoryServer,
  node: DirectoryNode,
  offset: ByteOffset,
  whence: "data" | "hole",
  credential: Credential,
): ByteOffset | undefined {
  const fd = server.descriptors.acquire(node, node.writer === undefined ? "read" : "write", "lseek");
  try {
    const status = checked(statusOf(fd), "lseek");
    if (!server.holds.permits(node, "write", credential, fd, status)) {
      server.holds.require(node, "read", credential, fd, status, "lseek");
    }
    const found = seekFile(fd, offset, whence);
    if (found < 0 && lastErrno() === enxio) return undefined;
    return checked(found, "lseek");
  } finally {
    server.descriptors.giveBack(node);
  }
}

/** Runs a change of a file's content in its turn, with a descriptor that writes, for a credential that may. */
async function changeContent<Result>(
  server: DirectoryServer,
  node: DirectoryNode,
  credential: Credential,
  syscall: string,
  change: (fd: number, before: FileStatus) => Promise<Result>,
): Promise<Result> {
  await using _turn = await takeTurn(node.identity);
  const fd = server.descriptors.acquire(node, "write", syscall);
  try {
    const before = checked(statusOf(fd), syscall);
    server.holds.require(node, "write", credential, fd, before, syscall);
    requireNotDeleted(node, before, syscall);
    return await change(fd, before);
  } finally {
    server.descriptors.giveBack(node);
  }
}

/** A descriptor that was kept for later use may be of a file that somebody else removed. */
function requireNamedOrHeld(node: DirectoryNode, status: FileStatus, syscall: string): void {
  if (status.linkCount === 0 && node.holdCount === 0) throw new Failure("ESTALE", { syscall });
}

/** What somebody else deleted takes no more bytes, though a descriptor still leads to it: nobody would find them there. */
function requireNotDeleted(node: DirectoryNode, status: FileStatus, syscall: string): void {
  if (status.linkCount > 0 || (node.isUnlinkedHere && node.holdCount > 0)) return;
  throw new Failure("ESTALE", { syscall });
}
