/**
 * An open file in the shape of node:fs/promises' FileHandle: a position of its own for reads and writes that name none,
 * the overloads that programs use, and errors that say which call on which path failed.
 *
 * Words. The *position* is where the next read or write goes that names no position of its own (null or undefined).
 */
import { type ByteCount, type ByteOffset, Failure, failureFrom, readableStreamOf } from "../../base/index.ts";
import type { UnsentChoice } from "../../cache/index.ts";
import type { Call } from "../../port/index.ts";
import type { Handle } from "../handle.ts";
import { ownerChanges } from "../promises/owner.ts";
import { type BigIntStats, type Stats, statsOf } from "../promises/stats.ts";
import { type ProgramTime, timeNsOf } from "../promises/time.ts";
import { FailedWriteback } from "../refusals/failed-writeback.ts";
import type { Volume } from "../volume.ts";
import { callOf } from "../volume-core.ts";
import {
  type BytesOption,
  bytesOf,
  type EncodingOption,
  encodingOf,
  given,
  isChunk,
  type ProgramData,
  requireContent,
  type TextOption,
} from "./program-data.ts";
import { type ChunkRange, readChunks } from "./read-chunks.ts";
import { readWhole } from "./read-whole.ts";
import { requireWhole } from "./whole-number.ts";

const readBytesDefault = 16_384;

/** Where a call reads or writes; nothing, or a negative number, is the handle's own position. */
type Position = number | bigint | null | undefined;

function isOwn(position: Position): boolean {
  return position === null || position === undefined || position < 0;
}

/** Where to put what is read, or what to take for writing. */
export interface BufferRange<View extends ArrayBufferView = ArrayBufferView> {
  readonly buffer?: View;
  readonly offset?: number | null;
  readonly length?: number | null;
  readonly position?: number | bigint | null;
}

/** What to forget: from a position on, so many bytes; and what becomes of those that are unsent. */
export interface InvalidationRange {
  readonly position?: ByteOffset;
  readonly length?: ByteCount;
  /** Default "launder". */
  readonly unsent?: UnsentChoice;
}

export class FileHandle implements AsyncDisposable {
  /** The mount's view of the same open file: explicit positions, synchronous forms. */
  readonly handle: Handle;
  readonly #volume: Volume;
  readonly #call: Call;
  #position: ByteOffset = 0;
  #closing: Promise<void> | undefined;
  #underWayCount = 0;
  #onQuiet: () => void = () => undefined;

  constructor(volume: Volume, handle: Handle) {
    this.#volume = volume;
    this.handle = handle;
    this.#call = callOf(handle.credential);
  }

  get fd(): number {
    return this.#closing === undefined ? this.handle.fd : -1;
  }

  /** As `Handle.tryRead`. */
  tryRead(position: ByteOffset, target: Uint8Array): number {
    return Number.isInteger(position) ? this.handle.tryRead(position, target) : -1;
  }

  /** As `Handle.tryWrite`. */
  tryWrite(position: ByteOffset, source: Uint8Array): number {
    return Number.isInteger(position) ? this.handle.tryWrite(position, source) : -1;
  }

  async read<View extends ArrayBufferView = Uint8Array>(
    target?: View | BufferRange<View>,
    offsetOrRange?: number | BufferRange | null,
    length?: number | null,
    position?: number | bigint | null,
  ): Promise<{ bytesRead: number; buffer: View }> {
    const asked = rangeOf(target, offsetOrRange, length, position);
    const buffer = (asked.buffer ?? new Uint8Array(readBytesDefault)) as View;
    const view = viewOf(buffer, asked.offset ?? 0, asked.length ?? undefined);
    const done = this.#tryReadAt(view, asked.position);
    return { bytesRead: done >= 0 ? done : await this.#readLater(view, asked.position), buffer };
  }

  async readv<Views extends readonly ArrayBufferView[]>(
    buffers: Views,
    position?: number | null,
  ): Promise<{ bytesRead: number; buffers: Views }> {
    let bytesRead = 0;
    for (const buffer of buffers) {
      const view = viewOf(buffer, 0, undefined);
      const count = await this.#readAt(view, typeof position === "number" ? position + bytesRead : null);
      bytesRead += count;
      if (count < view.length) break;
    }
    return { bytesRead, buffers };
  }

  async write<Data extends ArrayBufferView | string>(
    data: Data,
    offsetOrRange?: number | bigint | BufferRange | null,
    lengthOrEncoding?: number | string | null,
    position?: number | bigint | null,
  ): Promise<{ bytesWritten: number; buffer: Data }> {
    if (typeof data === "string") {
      const encoding = typeof lengthOrEncoding === "string" ? lengthOrEncoding : "utf8";
      const bytes = bytesOf(data, encodingOf(encoding));
      const at = typeof offsetOrRange === "object" ? offsetOrRange?.position : offsetOrRange;
      return { bytesWritten: await this.#writeAt(bytes, at), buffer: data };
    }
    const length = typeof lengthOrEncoding === "number" ? lengthOrEncoding : null;
    const asked = rangeOf(
      data,
      typeof offsetOrRange === "bigint" ? Number(offsetOrRange) : offsetOrRange,
      length,
      position,
    );
    const view = viewOf(data, asked.offset ?? 0, asked.length ?? undefined);
    const done = this.#tryWriteAt(view, asked.position);
    return { bytesWritten: done >= 0 ? done : await this.#writeLater(view, asked.position), buffer: data };
  }

  async writev<Views extends readonly ArrayBufferView[]>(
    buffers: Views,
    position?: number | null,
  ): Promise<{ bytesWritten: number; buffers: Views }> {
    let bytesWritten = 0;
    for (const buffer of buffers) {
      const at = typeof position === "number" ? position + bytesWritten : null;
      bytesWritten += await this.#writeAt(viewOf(buffer, 0, undefined), at);
    }
    return { bytesWritten, buffers };
  }

  /** From the position to the end. */
  async readFile(options: TextOption): Promise<string>;
  async readFile(options?: BytesOption): Promise<Uint8Array>;
  async readFile(options?: EncodingOption): Promise<Uint8Array | string>;
  async readFile(options?: EncodingOption): Promise<Uint8Array | string> {
    const encoding = encodingOf(options);
    const bytes = await this.#saying("read", () => readWhole(this.handle, this.#position, this.#sizeHint()));
    this.#position += bytes.length;
    return given(bytes, encoding);
  }

  /** Writes everything at the position. */
  async writeFile(data: ProgramData, options?: EncodingOption): Promise<void> {
    const encoding = encodingOf(options);
    requireContent(data);
    if (isChunk(data)) {
      await this.#writeAt(bytesOf(data, encoding), null);
      return;
    }
    for await (const chunk of data) await this.#writeAt(bytesOf(chunk, encoding), null);
  }

  appendFile(data: ProgramData, options?: EncodingOption): Promise<void> {
    return this.writeFile(data, options);
  }

  async stat(options: { readonly bigint: true }): Promise<BigIntStats>;
  async stat(options?: { readonly bigint?: false }): Promise<Stats>;
  async stat(options?: { readonly bigint?: boolean }): Promise<Stats | BigIntStats> {
    const attributes = await this.#saying("fstat", () => this.#volume.getAttributes(this.handle.node, this.#call));
    return statsOf(attributes, options?.bigint === true);
  }

  truncate(length: ByteCount = 0): Promise<void> {
    return this.#saying("ftruncate", async () => this.handle.truncate(requireWhole(length, "length")));
  }

  /** Resolves when the store says that the bytes are durable. */
  sync(): Promise<void> {
    return this.#saying("fsync", () => this.handle.sync());
  }

  datasync(): Promise<void> {
    return this.#saying("fdatasync", () => this.handle.sync());
  }

  async chmod(mode: number): Promise<void> {
    await this.#saying("fchmod", () =>
      this.#volume.setAttributes(this.handle.node, { mode: mode & 0o7777 }, this.#call),
    );
  }

  async chown(uid: number, gid: number): Promise<void> {
    await this.#saying("fchown", () =>
      this.#volume.setAttributes(this.handle.node, ownerChanges(uid, gid), this.#call),
    );
  }

  async utimes(accessTime: ProgramTime, modifyTime: ProgramTime): Promise<void> {
    const changes = { accessTimeNs: timeNsOf(accessTime), modifyTimeNs: timeNsOf(modifyTime) };
    await this.#saying("futime", () => this.#volume.setAttributes(this.handle.node, changes, this.#call));
  }

  /** The content, chunk by chunk; for Node's streams: `Readable.from(file.chunks())`. */
  chunks(range?: ChunkRange): AsyncGenerator<Uint8Array, void, undefined> {
    return readChunks(this.handle, range);
  }

  /** The content as a web stream. */
  readableWebStream(range?: ChunkRange): AsyncIterable<Uint8Array> {
    return readableStreamOf(this.chunks(range));
  }

  /**
   * Forgets what is cached of the file, or of `length` bytes from `position` on: the next look finds what the store has. Unsent
   * bytes are sent first; with "discard" those of this handle's credential are dropped, as if they had never been written.
   * Answers how many pages could not go, because others' bytes could not be sent, or refused ones not be rescued.
   */
  invalidate(range: InvalidationRange = {}): Promise<{ pagesLeft: number }> {
    const { position = 0, length = Number.POSITIVE_INFINITY, unsent = "launder" } = range;
    return this.#saying("invalidate", async () => {
      if (!(position >= 0 && length >= 0)) throw new Failure("EINVAL", { detail: "the range lies outside the file" });
      if (unsent !== "launder" && unsent !== "discard") {
        throw new Failure("EINVAL", {
          detail: `"${unsent}" is nothing to do with unsent bytes: give launder or discard`,
        });
      }
      return this.handle.invalidate(position, position + length, unsent);
    });
  }

  /**
   * Waits for what is under way, as node:fs does, writes back, gives the file back, and throws what this handle has not heard
   * of; closing twice is once. What is begun afterwards is EBADF.
   */
  close(): Promise<void> {
    this.#closing ??= this.#naming("close", async () => {
      try {
        await this.#quiet();
        await this.handle.flush();
      } finally {
        await this.handle.release();
      }
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Bytes read, or -1: then `#readLater` is to be called. Most reads end here, without a promise of their own. */
  #tryReadAt(target: Uint8Array, position: Position): number {
    if (this.#closing !== undefined) return -1;
    const start = this.#startOf(position);
    return this.#moved(position, start, this.handle.tryRead(start, target));
  }

  async #readLater(target: Uint8Array, position: Position): Promise<number> {
    const start = this.#startOf(position);
    return this.#moved(position, start, await this.#saying("read", () => this.handle.readAt(start, target)));
  }

  async #readAt(target: Uint8Array, position: Position): Promise<number> {
    const done = this.#tryReadAt(target, position);
    return done >= 0 ? done : this.#readLater(target, position);
  }

  /** As `#tryReadAt`. */
  #tryWriteAt(source: Uint8Array, position: Position): number {
    if (this.#closing !== undefined) return -1;
    const start = this.#startOf(position);
    return this.#moved(position, start, this.handle.tryWrite(start, source));
  }

  async #writeLater(source: Uint8Array, position: Position): Promise<number> {
    const start = this.#startOf(position);
    return this.#moved(position, start, await this.#saying("write", () => this.#writeAll(start, source)));
  }

  async #writeAt(source: Uint8Array, position: Position): Promise<number> {
    const done = this.#tryWriteAt(source, position);
    return done >= 0 ? done : this.#writeLater(source, position);
  }

  #startOf(position: Position): ByteOffset {
    return isOwn(position) ? this.#position : requireWhole(Number(position), "position");
  }

  /** Moves the handle's own position where that was used; passes the count on. */
  #moved(position: Position, start: ByteOffset, count: number): number {
    if (count >= 0 && isOwn(position)) this.#position = start + count;
    return count;
  }

  async #writeAll(start: ByteOffset, source: Uint8Array): Promise<number> {
    let written = 0;
    while (written < source.length) {
      const count = await this.handle.writeAt(start + written, source.subarray(written));
      if (count === 0) throw new Failure("EIO", { detail: "nothing was written" });
      written += count;
    }
    return written;
  }

  #sizeHint(): ByteCount {
    return this.#volume.tryGetAttributes(this.handle.node, this.handle.credential)?.size ?? 0;
  }

  /** Resolves when nothing is under way. */
  #quiet(): Promise<void> {
    if (this.#underWayCount === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onQuiet = resolve;
    });
  }

  /** Does one operation of a file that is not being closed. */
  async #saying<Result>(syscall: string, operation: () => Promise<Result>): Promise<Result> {
    if (this.#closing !== undefined) throw new Failure("EBADF", { syscall, path: this.handle.path });
    this.#underWayCount += 1;
    try {
      return await this.#naming(syscall, operation);
    } finally {
      this.#underWayCount -= 1;
      if (this.#underWayCount === 0) this.#onQuiet();
    }
  }

  /** What is thrown says which call on which path failed. */
  async #naming<Result>(syscall: string, operation: () => Promise<Result>): Promise<Result> {
    try {
      return await operation();
    } catch (thrown) {
      if (thrown instanceof FailedWriteback) throw thrown;
      const { code, detail } = failureFrom(thrown);
      const details = detail === undefined ? {} : { detail };
      throw new Failure(code, { syscall, path: this.handle.path, cause: thrown, ...details });
    }
  }
}

function rangeOf<View extends ArrayBufferView>(
  target: View | BufferRange<View> | null | undefined,
  offsetOrRange: number | BufferRange | null | undefined,
  length: number | null | undefined,
  position: number | bigint | null | undefined,
): BufferRange<View> {
  if (target === undefined || target === null) return {};
  if (!ArrayBuffer.isView(target)) return target;
  if (typeof offsetOrRange === "object" && offsetOrRange !== null) {
    return { ...(offsetOrRange as BufferRange<View>), buffer: target };
  }
  return { buffer: target, offset: offsetOrRange ?? 0, length: length ?? null, position: position ?? null };
}

function viewOf(buffer: ArrayBufferView, offset: number, length: number | undefined): Uint8Array {
  if (!ArrayBuffer.isView(buffer)) throw new Failure("EINVAL", { detail: "a buffer is a view of bytes" });
  const count = requireWhole(length ?? buffer.byteLength - offset, "length");
  if (offset < 0 || count < 0 || offset + count > buffer.byteLength) {
    throw new Failure("EINVAL", { detail: "the range lies outside the buffer" });
  }
  if (count === buffer.byteLength && buffer instanceof Uint8Array) return buffer;
  return new Uint8Array(buffer.buffer, buffer.byteOffset + offset, count);
}
