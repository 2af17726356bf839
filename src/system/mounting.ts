/** mount(2) and umount2(2), off the event loop: both may have to wait for a file system that this process serves. */
import { codeOfErrno, Failure } from "../base/index.ts";
import { lastErrno, libc } from "./libc.ts";

/** The flags of mount(2) and umount2(2) that are used here (linux/mount.h). */
export const mountFlags = { MS_RDONLY: 1, MS_NOSUID: 2, MS_NODEV: 4, MNT_FORCE: 1, MNT_DETACH: 2 } as const;

interface AsyncCall<Arguments extends readonly unknown[]> {
  async(...parameters: [...Arguments, (error: unknown, result: number) => void]): void;
}

const mountCall = libc.func("mount", "int", ["str", "str", "str", "ulong", "str"]) as unknown as AsyncCall<
  [string, string, string, number, string]
>;
const unmountCall = libc.func("umount2", "int", ["str", "int"]) as unknown as AsyncCall<[string, number]>;

function settle(
  syscall: string,
  path: string,
  resolve: () => void,
  reject: (failure: unknown) => void,
): (error: unknown, result: number) => void {
  return (error, result) => {
    if (error !== null && error !== undefined) reject(error);
    else if (result >= 0) resolve();
    else reject(new Failure(codeOfErrno(lastErrno()), { syscall, path }));
  };
}

/** Mounts `source` of `type` at `directory`; `data` are the file system's own options. */
export function mount(source: string, directory: string, type: string, flags: number, data: string): Promise<void> {
  return new Promise((resolve, reject) => {
    mountCall.async(source, directory, type, flags, data, settle("mount", directory, resolve, reject));
  });
}

/** Unmounts; EBUSY while files are open, unless the flags say MNT_DETACH. */
export function unmount(directory: string, flags: number): Promise<void> {
  return new Promise((resolve, reject) => {
    unmountCall.async(directory, flags, settle("umount", directory, resolve, reject));
  });
}
