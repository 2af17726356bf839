/**
 * The C library, for the few system calls that Node lacks. Each file of this room binds the calls of one subject; a
 * binding answers with the call's own result, and `succeeded` turns a negative one into a `Failure` with errno's code.
 */
import koffi, { type LibraryHandle } from "koffi";
import { codeOfErrno, Failure } from "../base/index.ts";

/** The loaded C library; bindings are made once, when a module loads. */
export const libc: LibraryHandle = koffi.load("libc.so.6");

/** The errno of the last failed call on this thread. */
export function lastErrno(): number {
  return koffi.errno();
}

/** Passes a result of zero or more through; turns -1 into a `Failure`. */
export function succeeded(result: number, syscall: string, path?: string): number {
  if (result >= 0) return result;
  const code = codeOfErrno(lastErrno());
  throw new Failure(code, path === undefined ? { syscall } : { syscall, path });
}
