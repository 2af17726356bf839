/** How rescued bytes compare with what the store has now, range by range. */
import { type ByteCount, type ByteOffset, Failure } from "../base/index.ts";
import { type Call, type NodeId, type RescueId, readAccess, type Store, type Version } from "../port/index.ts";
import { readBytes, verifyBytes } from "./entry-bytes.ts";
import type { RescuedRange, RescueManifest } from "./manifest.ts";
import { findRescuedFile } from "./rescued-file.ts";

export interface RangeComparison {
  readonly offset: ByteOffset;
  readonly byteCount: ByteCount;
  /**
   * "same": the store has these very bytes. "different": some differ, or the store's file ends within. "beyondEnd": the
   * store's file ends before. "missing": there is no file.
   */
  readonly verdict: "same" | "different" | "beyondEnd" | "missing";
  /** How many bytes differ, those beyond the end of the store's file included. */
  readonly differingBytes: ByteCount;
  /** The first byte that differs, as an offset in the file. */
  readonly firstDifference: ByteOffset | undefined;
}

export interface RescueComparison {
  readonly id: RescueId;
  readonly isSame: boolean;
  /** The store's file; undefined when there is none. */
  readonly file:
    | {
        readonly path: string;
        readonly node: NodeId;
        readonly version: Version;
        readonly size: ByteCount;
        /** Whether it is the file that the bytes were written to, not another one that has its path now. */
        readonly isOriginal: boolean;
        /** Whether it is still at the version that the bytes were written on. */
        readonly isAtBase: boolean;
      }
    | undefined;
  readonly ranges: readonly RangeComparison[];
}

/** Compares an entry with the store. Throws what the store refuses, and EBADMSG when the entry is damaged. */
export async function diffEntry(
  directory: string,
  manifest: RescueManifest,
  store: Store,
  call: Call,
): Promise<RescueComparison> {
  const file = await findRescuedFile(store, manifest, call);
  if (file !== undefined && file.attributes.kind !== "file") {
    throw new Failure(file.attributes.kind === "directory" ? "EISDIR" : "EINVAL", { path: file.path });
  }
  if (file === undefined) await verifyBytes(readBytes(directory, manifest));
  const ranges =
    file === undefined ? manifest.ranges.map(missing) : await compareHeld(directory, manifest, store, file.node, call);
  return {
    id: manifest.id,
    isSame: ranges.every((range) => range.verdict === "same"),
    file: file && {
      path: file.path,
      node: file.node,
      version: file.attributes.version,
      size: file.attributes.size,
      isOriginal: file.isOriginal,
      isAtBase: file.isOriginal && file.attributes.version === manifest.baseVersion,
    },
    ranges,
  };
}

function missing({ offset, byteCount }: RescuedRange): RangeComparison {
  return { offset, byteCount, verdict: "missing", differingBytes: byteCount, firstDifference: offset };
}

async function compareHeld(
  directory: string,
  manifest: RescueManifest,
  store: Store,
  node: NodeId,
  call: Call,
): Promise<RangeComparison[]> {
  await store.hold(node, readAccess, call);
  try {
    return await compare(directory, manifest, store, node, call);
  } finally {
    await store.release(node, readAccess, call);
  }
}

async function compare(
  directory: string,
  manifest: RescueManifest,
  store: Store,
  node: NodeId,
  call: Call,
): Promise<RangeComparison[]> {
  const tallies = new Map(manifest.ranges.map((range) => [range, new Tally(range)]));
  let buffer = new Uint8Array(0);
  for await (const { offset, bytes, range } of readBytes(directory, manifest)) {
    if (buffer.length < bytes.length) buffer = new Uint8Array(bytes.length);
    const stored = buffer.subarray(0, bytes.length);
    const byteCount = await readStored(store, node, offset, stored, call);
    tallies.get(range)?.add(offset, bytes, stored.subarray(0, byteCount));
  }
  return Array.from(tallies.values(), (tally) => tally.verdict());
}

/** Reads as much as the store has, up to the length of `bytes`. */
async function readStored(
  store: Store,
  node: NodeId,
  offset: ByteOffset,
  bytes: Uint8Array,
  call: Call,
): Promise<ByteCount> {
  const pieceBytes = store.manifest.readBytesMax;
  for (let done = 0; done < bytes.length; ) {
    const piece = bytes.subarray(done, done + pieceBytes);
    const { byteCount } = await store.read(node, offset + done, [piece], call);
    done += byteCount;
    if (byteCount < piece.length) return done;
  }
  return bytes.length;
}

/** What was found out about one range so far. */
class Tally {
  readonly #range: RescuedRange;
  #storedBytes = 0;
  #differingBytes = 0;
  #firstDifference: ByteOffset | undefined;

  constructor(range: RescuedRange) {
    this.#range = range;
  }

  /** Compares a piece with what the store has of it, which may be less. */
  add(offset: ByteOffset, rescued: Uint8Array, stored: Uint8Array): void {
    this.#storedBytes += stored.length;
    if (Buffer.compare(rescued, stored) === 0) return;
    for (let at = 0; at < rescued.length; at++) {
      if (at < stored.length && rescued[at] === stored[at]) continue;
      this.#differingBytes++;
      this.#firstDifference ??= offset + at;
    }
  }

  verdict(): RangeComparison {
    const { offset, byteCount } = this.#range;
    const verdict = this.#differingBytes === 0 ? "same" : this.#storedBytes === 0 ? "beyondEnd" : "different";
    return {
      offset,
      byteCount,
      verdict,
      differingBytes: this.#differingBytes,
      firstDifference: this.#firstDifference,
    };
  }
}
