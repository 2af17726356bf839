/**
 * An address space: one file in the cache, and all that can be done with it. Each operation is a phase of its own in the
 * rooms read, write, writeback and invalidate; this is their door. Synchronous `try...` forms give up instead of waiting.
 *
 * Failures of write-back are never thrown here: they join `errors`, which each handle samples. What is thrown is the failure
 * of the operation itself: a read that failed, a truncate that was refused, EINTR when the caller's signal fired.
 */
import type { ByteCount, ByteOffset, CancelSignal, Failure } from "../../base/index.ts";
import type { Attributes, Call, Credential } from "../../port/index.ts";
import { invalidate, invalidateDoubtful, revalidate, type UnsentChoice } from "../invalidate/invalidate.ts";
import { asFreeTask } from "../lock/lock-witness.ts";
import type { FrameRun } from "../read/frame-run.ts";
import { readFramesWaiting, readWaiting, tryRead, tryReadFrames } from "../read/read.ts";
import { Readahead } from "../read/readahead.ts";
import { seekData, seekHole } from "../read/seek.ts";
import { forgetUnrescued, giveUp, retryRescue } from "../refusal/settle.ts";
import { tryAdoptWrite } from "../write/adopt.ts";
import { allocate, punchHole, truncate } from "../write/truncate.ts";
import { tryWrite, writeWaiting } from "../write/write.ts";
import { commitToStore } from "../writeback/commit-to-store.ts";
import { type WritebackReason, writeEverything } from "../writeback/control.ts";
import { writebackPass } from "../writeback/pass.ts";
import { FilePages } from "./file-pages.ts";

export class AddressSpace extends FilePages {
  /** The read-ahead state for one handle. */
  newReadahead(): Readahead {
    const pageCountMax = Math.floor(this.core.options.readaheadBytesMax / this.pageSize);
    const storePages = Math.floor(this.core.store.manifest.readBytesMax / this.pageSize);
    return new Readahead(pageCountMax, Math.max(pageCountMax, storePages));
  }

  /** Bytes read, 0 at the end of the file, or -1 when not all of them are cached. */
  tryRead(position: ByteOffset, target: Uint8Array, readahead: Readahead, credential: Credential): number {
    if (this.isDoubtful) return -1;
    this.readCount += 1;
    return tryRead(this, position, target, readahead, credential);
  }

  read(position: ByteOffset, target: Uint8Array, readahead: Readahead, call: Call): Promise<number> {
    this.readCount += 1;
    const read = () => readWaiting(this, position, target, readahead, call);
    return this.isDoubtful ? invalidateDoubtful(this, call).then(read) : read();
  }

  /** Views of cached bytes, or false; the caller releases `into` when it has used them, before the next turn. */
  tryReadFrames(
    position: ByteOffset,
    length: ByteCount,
    readahead: Readahead,
    into: FrameRun,
    credential: Credential,
  ): boolean {
    if (this.isDoubtful) return false;
    this.readCount += 1;
    return tryReadFrames(this, position, length, readahead, into, credential);
  }

  /** Views of bytes that stay what they are until the caller releases `into`. */
  readFrames(position: ByteOffset, length: ByteCount, readahead: Readahead, into: FrameRun, call: Call): Promise<void> {
    this.readCount += 1;
    const read = () => readFramesWaiting(this, position, length, readahead, into, call);
    return this.isDoubtful ? invalidateDoubtful(this, call).then(read) : read();
  }

  /** The length of `source`, or -1: then `write` is to be called with all of it. */
  tryWrite(position: ByteOffset, source: Uint8Array, credential: Credential): number {
    return this.isDoubtful ? -1 : tryWrite(this, position, source, credential);
  }

  /** Answers how many bytes were written: fewer than given only when something failed on the way. */
  async write(position: ByteOffset, source: Uint8Array, call: Call): Promise<number> {
    if (this.isDoubtful) await invalidateDoubtful(this, call);
    await using _inode = await this.inodeLock.acquire(call.signal);
    return await writeWaiting(this, position, source, call);
  }

  /** Writes at the end of the file, wherever that is by then; answers the position and the count. */
  async append(source: Uint8Array, call: Call): Promise<{ position: ByteOffset; byteCount: ByteCount }> {
    if (this.isDoubtful) await invalidateDoubtful(this, call);
    await using _inode = await this.inodeLock.acquire(call.signal);
    const position = this.size as number;
    return { position, byteCount: await writeWaiting(this, position, source, call) };
  }

  /**
   * Writes whole pages by taking over frames that are already filled. Answers `length`, with each frame in `frames` replaced
   * by another one to use, or -1 with nothing changed.
   */
  tryAdoptWrite(position: ByteOffset, frames: Uint8Array[], length: ByteCount, credential: Credential): number {
    return this.isDoubtful ? -1 : tryAdoptWrite(this, position, frames, length, credential);
  }

  /** Cuts the file or extends it with zeros, at the store first. */
  truncate(size: ByteCount, call: Call): Promise<Attributes> {
    return truncate(this, size, call);
  }

  punchHole(position: ByteOffset, length: ByteCount, call: Call): Promise<Attributes> {
    return punchHole(this, position, length, call);
  }

  allocate(position: ByteOffset, length: ByteCount, keepSize: boolean, call: Call): Promise<Attributes> {
    return allocate(this, position, length, keepSize, call);
  }

  /** The next position with data, or in a hole: by the store's word, and by what it does not have yet. */
  seek(position: ByteOffset, whence: "data" | "hole", call: Call): Promise<ByteOffset | undefined> {
    return whence === "data" ? seekData(this, position, call) : seekHole(this, position, call);
  }

  /** Sends everything that is dirty in the range now; resolves when the store has answered for all of it. */
  async writeback(
    reason: WritebackReason,
    call: Call,
    start: ByteOffset = 0,
    end: number = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    await writebackPass(this, writeEverything(reason, start, end), call.signal);
  }

  /** Sends everything dirty and has the store make it durable. */
  async sync(call: Call): Promise<void> {
    await writebackPass(this, writeEverything("sync"), call.signal);
    await commitToStore(this, call);
  }

  /** As `sync`, for whoever goes on without it: it may be begun in the middle of a pass, of this file or another. */
  syncApart(call: Call): Promise<void> {
    return asFreeTask("sync apart", () => this.sync(call));
  }

  /** Tries again to rescue refused bytes that are in memory only; answers how many still are. */
  async retryRescue(signal: CancelSignal): Promise<ByteCount> {
    await using _order = await this.writebackLock.acquire(signal);
    await retryRescue(this);
    return this.unrescuedBytes;
  }

  /** Whether a rescue that did not answer in time is still under way. */
  get isBeingRescued(): boolean {
    for (const { rescuing } of this.refusals) if (rescuing !== null) return true;
    return false;
  }

  /**
   * Whatever is unsent is rescued and leaves the cache, as if the store had refused it with this failure: for a file that is
   * to be closed although its bytes cannot be delivered. The store is not asked any more: `found` is what it last said of the
   * file, where it still answers.
   */
  async giveUp(failure: Failure, signal: CancelSignal, found?: Attributes): Promise<void> {
    await using _order = await this.writebackLock.acquire(signal);
    await giveUp(this, failure, found ?? failure);
  }

  /**
   * Fresh attributes from the store, asked for when `changeCount` was `askedAt`: clean bytes of another version go. Answers
   * false when they could not be judged, for an own change is under way.
   */
  revalidate(attributes: Attributes, askedAt: number): boolean {
    return revalidate(this, attributes, askedAt);
  }

  /** Sends or drops what is dirty in the range, then drops the clean pages of it; answers how many could not go. */
  invalidate(start: ByteOffset, end: ByteOffset, call: Call, unsent?: UnsentChoice): Promise<{ pagesLeft: number }> {
    return invalidate(this, start, end, call, unsent);
  }

  /** Drops every page, dirty ones too: for a file that no longer has a name or a user. */
  destroy(): Promise<void> {
    // A node may be forgotten, and its pages with it, in the middle of a pass over another file: nobody waits for it there.
    return asFreeTask("destroy", () => this.#destroy());
  }

  async #destroy(): Promise<void> {
    await using _inode = await this.inodeLock.acquire();
    await using _alone = await this.invalidateLock.acquireAlone();
    await using _order = await this.writebackLock.acquire();
    this.destroyed = true;
    forgetUnrescued(this);
    for (let page = this.pages.next(0); page !== undefined; page = this.pages.next(0)) this.dropPage(page);
    this.core.forget(this);
  }
}
