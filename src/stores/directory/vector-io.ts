/** Reads and writes of many frames at a position of a descriptor, in the thread pool and without copies. */
import { readv, writev } from "node:fs";
import { failureFrom } from "../../base/index.ts";

/** IOV_MAX: the most frames of one system call. */
const framesMax = 1024;

/** Fills the frames from `offset`; fewer bytes than they hold means the end of the file. */
export async function readFrames(fd: number, offset: number, frames: readonly Uint8Array[]): Promise<number> {
  let rest = frames;
  let done = 0;
  while (rest.length > 0) {
    const count = await readOnce(fd, rest.length > framesMax ? rest.slice(0, framesMax) : rest, offset + done);
    if (count === 0) break;
    done += count;
    rest = after(rest, count);
  }
  return done;
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
