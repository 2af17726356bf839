/** Memory as the machine has it: in pages, which the kernel gives a process one by one, as each is first touched. */
import { type FileHandle, open } from "node:fs/promises";
import koffi from "koffi";

/** The machine's page; where it is larger, memory begins in the middle of one, which costs a little speed and nothing else. */
const machinePageBytes = 4096;

let zeros: Promise<FileHandle> | undefined;

/**
 * So many bytes with rubbish in them, from the start of a page on: the kernel copies up to a third faster to and from there than
 * to where the C library would begin.
 */
function makeMemory(byteCount: number): Uint8Array {
  const memory = Buffer.allocUnsafeSlow(byteCount + machinePageBytes);
  const inPage = Number((koffi.address(memory) as bigint) % BigInt(machinePageBytes));
  const start = inPage === 0 ? 0 : machinePageBytes - inPage;
  return new Uint8Array(memory.buffer, start, byteCount);
}

/**
 * Makes the memory of the pieces real by filling them with zeros on a thread of the pool. Rejects where there is no
 * /dev/zero; the memory can be used all the same.
 */
async function prepareMemory(pieces: readonly Uint8Array[]): Promise<void> {
  zeros ??= open("/dev/zero");
  await (await zeros).readv(pieces);
}

/** What the cache wants to have done with memory. */
export const platformMemory: {
  readonly make: (byteCount: number) => Uint8Array;
  readonly prepare: (pieces: readonly Uint8Array[]) => Promise<void>;
} = { make: makeMemory, prepare: prepareMemory };
