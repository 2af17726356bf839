/** The data types that node:fs takes and gives: byte arrays, views, texts with an encoding, and sequences of these. */
import { decodeText, encodeText, Failure, isTextEncoding, programBytes } from "../../base/index.ts";

/** Options that name an encoding, as node:fs takes them. */
export type EncodingOption = string | null | undefined | { readonly encoding?: string | null | undefined };

/** Options that name no encoding: content is bytes. */
export type BytesOption = "buffer" | null | undefined | { readonly encoding?: "buffer" | null | undefined };

/** Options that name an encoding: content is text. */
export type TextOption = TextEncodingName | { readonly encoding: TextEncodingName };

type TextEncodingName =
  | "utf8"
  | "utf-8"
  | "utf16le"
  | "utf-16le"
  | "ucs2"
  | "ucs-2"
  | "latin1"
  | "binary"
  | "ascii"
  | "base64"
  | "base64url"
  | "hex";

export type Chunk = string | ArrayBufferView | ArrayBuffer;

/** What can be written as a whole. */
export type ProgramData = Chunk | Iterable<Chunk> | AsyncIterable<Chunk>;

/** The encoding that options name; undefined stands for bytes. */
export function encodingOf(options: EncodingOption): string | undefined {
  const encoding = typeof options === "object" ? options?.encoding : options;
  if (encoding === undefined || encoding === null || encoding === "buffer") return undefined;
  if (!isTextEncoding(encoding)) throw new Failure("EINVAL", { detail: `encoding '${encoding}'` });
  return encoding;
}

/** The bytes of a chunk; views are not copied. */
export function bytesOf(chunk: Chunk, encoding = "utf8"): Uint8Array {
  if (typeof chunk === "string") return encodeText(chunk, encoding);
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw noContent();
}

/** Bytes as the program asked for them: text in an encoding, or the platform's byte array. */
export function given(bytes: Uint8Array, encoding: string | undefined): Uint8Array | string {
  return encoding === undefined ? programBytes(bytes) : decodeText(bytes, encoding);
}

/** Whether data is one chunk, and not a sequence of chunks. */
export function isChunk(data: ProgramData): data is Chunk {
  return typeof data === "string" || ArrayBuffer.isView(data) || data instanceof ArrayBuffer;
}

/** Fails with EINVAL for what cannot be written, as a program without types may give it: before a file is opened for it, and cut. */
export function requireContent(data: ProgramData): void {
  if (isChunk(data)) return;
  if (typeof data === "object" && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data)) return;
  throw noContent();
}

function noContent(): Failure {
  return new Failure("EINVAL", { detail: "what is written is text, bytes, or a sequence of these" });
}
