/** The bytes of an entry, read range by range and checked against the manifest's sums while they are. */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { type ByteOffset, Failure } from "../base/index.ts";
import { codeOf, filesOf } from "./layout.ts";
import { byteCountOf, type RescuedRange, type RescueManifest } from "./manifest.ts";

const pieceBytes = 1024 * 1024;

/** Rescued bytes that lie together in the file. */
export interface RescuedPiece {
  readonly offset: ByteOffset;
  readonly bytes: Uint8Array;
  /** The range of the manifest that the piece belongs to. */
  readonly range: RescuedRange;
}

/**
 * All bytes of an entry in pieces of at most 1 MiB, no piece across two ranges. EBADMSG at the end of a range whose bytes
 * are not the ones that were kept: then what was given out of it before is worth nothing. A piece's memory is used again.
 */
export async function* readBytes(
  directory: string,
  manifest: RescueManifest,
): AsyncGenerator<RescuedPiece, void, void> {
  const file = await openBytes(directory, manifest);
  try {
    const buffer = new Uint8Array(Math.min(pieceBytes, byteCountOf(manifest)));
    let position = 0;
    for (const range of manifest.ranges) {
      const sum = createHash("sha256");
      for (let done = 0; done < range.byteCount; ) {
        const bytes = buffer.subarray(0, Math.min(buffer.length, range.byteCount - done));
        await readFully(file, bytes, position, manifest);
        sum.update(bytes);
        yield { offset: range.offset + done, bytes, range };
        done += bytes.length;
        position += bytes.length;
      }
      if (sum.digest("hex") !== range.sha256)
        throw damagedBytes(manifest, `those from ${range.offset} on were changed`);
    }
  } finally {
    await file.close();
  }
}

/** Reads everything once; EBADMSG when any of it is not what was kept. */
export async function verifyBytes(pieces: AsyncIterable<unknown>): Promise<void> {
  const reading = pieces[Symbol.asyncIterator]();
  while ((await reading.next()).done !== true);
}

async function openBytes(directory: string, manifest: RescueManifest): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(filesOf(directory, manifest.id).bytes, "r");
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") throw damagedBytes(manifest, "they are missing");
    if (codeOf(thrown) === "ELOOP") throw damagedBytes(manifest, "a circle of symbolic links is in their place");
    throw thrown;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw damagedBytes(manifest, "what is in their place is no file");
}

async function readFully(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
  manifest: RescueManifest,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) throw damagedBytes(manifest, "some are missing at the end");
    done += bytesRead;
  }
}

function damagedBytes(manifest: RescueManifest, how: string): Failure {
  return new Failure("EBADMSG", { detail: `the bytes of rescue entry ${manifest.id} are not the ones kept: ${how}` });
}
