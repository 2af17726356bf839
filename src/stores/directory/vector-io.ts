/**
 * Reads and writes of many frames at a position of a descriptor, without copies. What the kernel has in memory is read at
 * once, because handing it to another thread and back takes longer than copying it; everything else goes through the
 * thread pool.
 */
import { readv, writev } from "node:fs";
import { failureFrom } from "../../base/index.ts";
import { IoVector } from "../../system/index.ts";

/** IOV_MAX: the most frames of one system call. */
const framesMax = 1024;

/** The most that is copied at once in the calling thread. */
const cachedBytesMax = 1024 * 1024;
const cachedVector = new IoVector(framesMax);

/** Fills the frames from `offset`; fewer bytes than they hold means the end of the file. */
export async function readFrames(fd: number, offset: number, frames: readonly Uint8Array[]): Promise<number> {
  let done = readCached(fd, offset, frames);
  let rest = done === 0 ? frames : after(frames, done);
  while (rest.length > 0) {
    const count = await readOnce(fd, rest.length > framesMax ? rest.slice(0, framesMax) : rest, offset + done);
    if (count === 0) break;
    done += count;
    rest = after(rest, count);
  }
  return done;
}

/** Bytes from the front that the kernel had in memory. The kernel's own errors are left to the read that waits. */
export function readCached(fd: number, offset: number, frames: readonly Uint8Array[]): number {
  let byteCount = 0;
  for (const frame of frames) {
    if (cachedVector.count > 0 && (byteCount + frame.length > cachedBytesMax || cachedVector.count === framesMax))
      break;
    cachedVector.push(frame);
    byteCount += frame.length;
  }
  const count = cachedVector.readCachedFrom(fd, offset);
  cachedVector.clear();
  return Math.max(0, count);
}

/** Writes the frames at `offset`; fewer bytes than they hold means that the rest was not taken. */
export async function writeFrames(fd: number, offset: number, frames: readonly Uint8Array[]): Promise<number> {
  let rest = frames;
  let done = 0;
  while (rest.length > 0) {
    let count = 0;
    try {
      count = await writeOnce(fd, rest.length > framesMax ? rest.slice(0, framesMax) : rest, offset + done);
    } catch (failure) {
      if (done === 0) throw failure;
    }
    if (count === 0) break;
    done += count;
    rest = after(rest, count);
  }
  return done;
}

/** What is left of the frames after their first `count` bytes; empty frames at the front fall away. */
function after(frames: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let at = 0;
  let left = count;
  for (; at < frames.length; at++) {
    const length = frames[at]?.length ?? 0;
    if (length > left) break;
    left -= length;
  }
  if (at === frames.length) return [];
  const [first, ...others] = frames.slice(at);
  return first === undefined ? [] : [first.subarray(left), ...others];
}

function readOnce(fd: number, frames: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    readv(fd, frames, position, (error, count) => {
      if (error === null) resolve(count);
      else reject(failureFrom(error, { syscall: "read" }));
    });
  });
}

function writeOnce(fd: number, frames: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(fd, frames, position, (error, count) => {
      if (error === null) resolve(count);
      else reject(failureFrom(error, { syscall: "write" }));
    });
  });
}
