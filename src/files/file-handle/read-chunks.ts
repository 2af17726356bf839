/** A file's content as a sequence of chunks, for streams. */
import { type ByteCount, type ByteOffset, Failure, programBytes } from "../../base/index.ts";
import type { Handle } from "../handle.ts";
import { requireWhole } from "./whole-number.ts";

const chunkBytesDefault = 65_536;

export interface ChunkRange {
  /** First byte; 0 when left out. */
  readonly start?: ByteOffset;
  /** Last byte, included, as node:fs has it; the end of the file when left out. */
  readonly end?: ByteOffset;
  /** Bytes a chunk. */
  readonly highWaterMark?: ByteCount;
}

export async function* readChunks(handle: Handle, range: ChunkRange = {}): AsyncGenerator<Uint8Array, void, undefined> {
  const end = range.end === undefined ? Number.POSITIVE_INFINITY : range.end + 1;
  const chunkBytes = range.highWaterMark ?? chunkBytesDefault;
  let position = requireWhole(range.start ?? 0, "start");
  if (!(end >= position && chunkBytes >= 1)) throw new Failure("EINVAL", { detail: "the range has no chunks" });
  while (position < end) {
    const chunk = new Uint8Array(Math.min(chunkBytes, end - position));
    let count = handle.tryRead(position, chunk);
    if (count < 0) count = await handle.readAt(position, chunk);
    if (count === 0) return;
    yield programBytes(chunk.subarray(0, count));
    position += count;
  }
}
