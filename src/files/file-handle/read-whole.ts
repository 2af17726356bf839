/** Reading a file from a position to its end, whatever happens to its size meanwhile. */
import type { ByteCount, ByteOffset } from "../../base/index.ts";
import type { Handle } from "../handle.ts";

const pieceBytes = 65_536;
const probeBytes = 4096;

/** The bytes from `position` on. `sizeHint` is where the end is thought to be; a right guess needs one read and no copy. */
export async function readWhole(handle: Handle, position: ByteOffset, sizeHint: ByteCount): Promise<Uint8Array> {
  let bytes = new Uint8Array(Math.max(sizeHint - position, 0));
  let filled = 0;
  for (;;) {
    if (filled === bytes.length) {
      // The end is reached only when a read says so.
      const more = new Uint8Array(filled === 0 ? pieceBytes : probeBytes);
      const count = await readInto(handle, position + filled, more);
      if (count === 0) return bytes;
      const grown = new Uint8Array(Math.max(filled + count, filled * 2));
      grown.set(bytes);
      grown.set(more.subarray(0, count), filled);
      bytes = grown;
      filled += count;
      continue;
    }
    const count = await readInto(handle, position + filled, bytes.subarray(filled));
    if (count === 0) return bytes.subarray(0, filled);
    filled += count;
  }
}

async function readInto(handle: Handle, position: ByteOffset, target: Uint8Array): Promise<number> {
  const count = handle.tryRead(position, target);
  return count >= 0 ? count : handle.readAt(position, target);
}
