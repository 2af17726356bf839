/** Making a whole file system durable (syncfs(2)). */
import koffi from "koffi";
import { codeOfErrno, Failure } from "../base/index.ts";
import { libc } from "./libc.ts";

const syncfs = libc.func("int syncfs(int fd)");

/** Makes everything durable that the file system of a descriptor has taken, off the calling thread. */
export function syncFileSystem(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    syncfs.async(fd, (error: unknown, result: number) => {
      if (error !== null) reject(new Failure("EIO", { syscall: "syncfs", cause: error }));
      else if (result < 0) reject(new Failure(codeOfErrno(koffi.errno()), { syscall: "syncfs" }));
      else resolve();
    });
  });
}
