/** Memory that is real before it is needed: the kernel gives a process its pages one by one, as each is first touched. */
import { type FileHandle, open } from "node:fs/promises";

let zeros: Promise<FileHandle> | undefined;

/**
 * Makes the memory of the pieces real by filling them with zeros on a thread of the pool. Rejects where there is no
 * /dev/zero; the memory can be used all the same.
 */
export async function prepareMemory(pieces: readonly Uint8Array[]): Promise<void> {
  zeros ??= open("/dev/zero");
  await (await zeros).readv(pieces);
}
