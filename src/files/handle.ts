/**
 * An open file as the mount uses it: positions are explicit, and the synchronous `try...` forms give up instead of
 * waiting. Everything is done under the credential that opened it. `FileHandle` puts the shape of node:fs on top.
 */
import type { ByteCount, ByteOffset, CancelSignal } from "../base/index.ts";
import type { FrameRun, UnsentChoice } from "../cache/index.ts";
import type { Credential } from "../port/index.ts";
import type { Node } from "./node.ts";

export interface Handle {
  /** Names the handle inside its volume; never given twice. Fits a FUSE file handle. */
  readonly fd: number;
  readonly node: Node;
  /** As open(2) takes them: `openFlags`. */
  readonly flags: number;
  readonly credential: Credential;
  /** The process that opened it, where somebody knows. */
  readonly processId: number | undefined;
  /** The path it was opened by. */
  readonly path: string;

  /** Bytes read, 0 at the end of the file, or -1: not all of it is cached and permitted, use `readAt`. */
  tryRead(position: ByteOffset, target: Uint8Array): number;
  readAt(position: ByteOffset, target: Uint8Array, signal?: CancelSignal): Promise<number>;
  /**
   * Views of page frames instead of copies; the caller calls `into.release()` before the next turn. False means: use
   * `readFramesAt`, whose views stay what they are until `into.release()`.
   */
  tryReadFrames(position: ByteOffset, length: ByteCount, into: FrameRun): boolean;
  readFramesAt(position: ByteOffset, length: ByteCount, into: FrameRun, signal?: CancelSignal): Promise<void>;

  /** The length of `source`, or -1: use `writeAt`. Handles opened with O_APPEND or O_SYNC always use `writeAt`. */
  tryWrite(position: ByteOffset, source: Uint8Array): number;
  /** With O_APPEND the position is the end of the file, whatever is asked for. */
  writeAt(position: ByteOffset, source: Uint8Array, signal?: CancelSignal): Promise<number>;
  /** As `writeAt`, but at the position even with O_APPEND: what a shared mapping writes has its place. */
  writeInPlace(position: ByteOffset, source: Uint8Array, signal?: CancelSignal): Promise<number>;
  /**
   * As `tryWrite`, but whole frames may be taken over instead of copied: a frame that the cache took is replaced in
   * `frames` by a fresh one of the same length.
   */
  tryAdoptWrite(position: ByteOffset, frames: Uint8Array[], length: ByteCount): number;

  truncate(size: ByteCount, signal?: CancelSignal): Promise<void>;
  /** The range reads as zeros; the size stays. */
  punchHole(position: ByteOffset, length: ByteCount, signal?: CancelSignal): Promise<void>;
  allocate(position: ByteOffset, length: ByteCount, keepSize: boolean, signal?: CancelSignal): Promise<void>;
  /** The next position with data, or in a hole; ENXIO at or past the end. */
  seek(position: ByteOffset, whence: "data" | "hole", signal?: CancelSignal): Promise<ByteOffset>;

  /**
   * Forgets what is cached of [start, end), so that the next look finds what the store has; answers how many pages could not
   * go. Unsent bytes are sent first or, with "discard", dropped as if they had never been written: this credential's only.
   */
  invalidate(
    start: ByteOffset,
    end: ByteOffset,
    unsent?: UnsentChoice,
    signal?: CancelSignal,
  ): Promise<{ pagesLeft: number }>;

  /** Whether there is nothing for `flush` to do: nothing dirty, and no failure that this handle has not heard of. */
  get isFlushed(): boolean;
  /** What close(2) means: everything dirty is written back, then the failure this handle has not heard of is thrown. */
  flush(signal?: CancelSignal): Promise<void>;
  /** What fsync(2) means: written back and durable, by the store's word; throws what this handle has not heard of. */
  sync(signal?: CancelSignal): Promise<void>;
  /** Gives the handle back, without throwing; `flush` comes before. Using it afterwards is EBADF. */
  release(): Promise<void>;
}
