/** Storage of files: holes, reservations, and where data lies (fallocate(2), lseek(2)). */
import koffi from "koffi";
import { codeOfErrno, Failure } from "../base/index.ts";
import { libc } from "./libc.ts";

const fallocate = libc.func("int fallocate(int fd, int mode, int64_t offset, int64_t length)");
const lseek = libc.func("int64_t lseek(int fd, int64_t offset, int whence)");

const keepSizeMode = 1;
const punchHoleMode = 2;
const seekDataWhence = 3;
const seekHoleWhence = 4;

/** Frees a range, off the calling thread; the size stays. */
export function punchFileHole(fd: number, offset: number, length: number): Promise<void> {
  return callFallocate(fd, punchHoleMode | keepSizeMode, offset, length);
}

/** Reserves a range, off the calling thread. */
export function allocateFile(fd: number, offset: number, length: number, keepSize: boolean): Promise<void> {
  return callFallocate(fd, keepSize ? keepSizeMode : 0, offset, length);
}

function callFallocate(fd: number, mode: number, offset: number, length: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fallocate.async(fd, mode, offset, length, (error: unknown, result: number) => {
      if (error !== null) reject(new Failure("EIO", { syscall: "fallocate", cause: error }));
      else if (result < 0) reject(new Failure(codeOfErrno(koffi.errno()), { syscall: "fallocate" }));
      else resolve();
    });
  });
}

/** The next data or hole at or after `offset`; -1 with `lastErrno` (ENXIO past the end). Moves the file position. */
export function seekFile(fd: number, offset: number, whence: "data" | "hole"): number {
  return Number(lseek(fd, offset, whence === "data" ? seekDataWhence : seekHoleWhence));
}
