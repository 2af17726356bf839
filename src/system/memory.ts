/** Memory that is real before it is needed: the kernel gives a process its pages one by one, as each is first touched. */
import { openSync, readv } from "node:fs";

let zeros: number | undefined;

/** Makes the memory of the pieces real by filling them with zeros on a thread of the pool. It never rejects. */
export function prepareMemory(pieces: readonly Uint8Array[]): Promise<void> {
  zeros ??= openSync("/dev/zero", "r");
  const descriptor = zeros;
  return new Promise((resolve) => {
    readv(descriptor, pieces, () => resolve());
  });
}
