/** Ending this process at once (_exit(2)). */
import { libc } from "./libc.ts";

const exitNow = libc.func("void _exit(int status)");

/**
 * Ends the process with a status whatever its threads are doing. Node's own exit waits for the thread pool, so a thread that
 * sits in a file system which does not answer would hold it for ever.
 */
export function endProcess(status: number): never {
  exitNow(status);
  throw new Error("_exit(2) does not return");
}
