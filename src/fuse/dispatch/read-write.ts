/**
 * READ and WRITE. What is cached is read as views of page frames and written in the turn that asks; whole frames that a
 * WRITE brought are handed over instead of copied. Everything is done under the credential that opened the file.
 *
 * I1 A delayed write of a shared mapping (WRITE_CACHE) is answered in full or refused: the kernel does not look at a
 *    short count, so the rest would be lost.
 */
import { Failure } from "../../base/index.ts";
import { FrameRun } from "../../cache/index.ts";
import { type Handle, openFlags } from "../../files/index.ts";
import type { PendingRequest } from "../session/pending-requests.ts";
import type { Session } from "../session/session.ts";
import { payloadBytesMax } from "../wire/init.ts";
import { transferIn, writeFlags } from "../wire/read-write.ts";
import { isCountable, type Request, writeHeadBytes } from "../wire/request.ts";

export function read(session: Session, request: Request): void {
  const { unique } = request;
  const handle = session.open.file(transferIn.handle(request));
  if (handle === undefined) {
    session.refuse(unique, "EBADF");
    return;
  }
  const offset = transferIn.offset(request);
  const size = Math.min(transferIn.size(request), payloadBytesMax);
  if (!isCountable(offset + size)) {
    session.refuse(unique, "EINVAL");
    return;
  }
  const run = session.frameRun;
  if (handle.tryReadFrames(offset, size, run)) {
    answerRun(session, unique, run);
    run.release();
    return;
  }
  session.later(request, (call) => readLater(session, call, handle, offset, size), handle.credential);
}

async function readLater(
  session: Session,
  call: PendingRequest,
  handle: Handle,
  offset: number,
  size: number,
): Promise<void> {
  const run = new FrameRun();
  try {
    await handle.readFramesAt(offset, size, run, call.signal);
    answerRun(session, call.unique, run);
  } finally {
    run.release();
  }
}

function answerRun(session: Session, unique: number, run: FrameRun): void {
  session.counters.readBytes += run.byteCount;
  session.answerViews(unique, run.views, run.byteCount);
}

export function write(session: Session, request: Request): void {
  const { unique } = request;
  const handle = session.open.file(transferIn.handle(request));
  if (handle === undefined) {
    session.refuse(unique, "EBADF");
    return;
  }
  const offset = transferIn.offset(request);
  const size = transferIn.size(request);
  if (!isCountable(offset + size)) {
    session.refuse(unique, "EFBIG");
    return;
  }
  const done = writeNow(session, request, handle, offset, size);
  if (done === size) {
    answerWritten(session, unique, size);
    return;
  }
  const delayed = (transferIn.ioFlags(request) & writeFlags.CACHE) !== 0;
  const rest = payloadOf(session, request, done, size);
  session.later(
    request,
    (call) => writeLater(session, call, handle, { offset, done, rest, delayed }),
    handle.credential,
    rest.length,
  );
}

function answerWritten(session: Session, unique: number, size: number): void {
  session.counters.writtenBytes += size;
  session.reply.u32(0, size);
  session.reply.u32(4, 0);
  session.answer(unique, 8);
}

/** Writes from the front what needs no waiting: whole frames by handing them over, the rest by copying. */
function writeNow(session: Session, request: Request, handle: Handle, offset: number, size: number): number {
  const { frames } = request;
  if (frames === undefined) {
    const written = handle.tryWrite(offset, request.bytes.subarray(writeHeadBytes, writeHeadBytes + size));
    return Math.max(written, 0);
  }
  const { pageSize } = session;
  let done = 0;
  if (size >= pageSize && offset % pageSize === 0) {
    const whole = size - (size % pageSize);
    if (handle.tryAdoptWrite(offset, frames, whole) === whole) {
      session.counters.adoptedWrites += 1;
      done = whole;
    }
  }
  while (done < size) {
    const piece = pieceOf(frames, done, size);
    if (handle.tryWrite(offset + done, piece) < 0) break;
    done += piece.length;
  }
  return done;
}

/** The bytes of the payload from `done` on that lie in one frame. */
function pieceOf(frames: readonly Uint8Array[], done: number, size: number): Uint8Array {
  const frameBytes = (frames[0] as Uint8Array).length;
  const frame = frames[Math.floor(done / frameBytes)] as Uint8Array;
  const start = done % frameBytes;
  const end = Math.min(frameBytes, start + size - done);
  return end - start === frameBytes ? frame : frame.subarray(start, end);
}

/** A copy of the payload from `done` on: the frames are needed for the next request. */
function payloadOf(session: Session, request: Request, done: number, size: number): Uint8Array {
  const copy = session.payloads.take(size - done);
  const { frames } = request;
  if (frames === undefined) {
    copy.set(request.bytes.subarray(writeHeadBytes + done, writeHeadBytes + size));
    return copy;
  }
  for (let at = done; at < size; ) {
    const piece = pieceOf(frames, at, size);
    copy.set(piece, at - done);
    at += piece.length;
  }
  return copy;
}

interface WaitingWrite {
  readonly offset: number;
  /** Bytes from the front that are written already. */
  readonly done: number;
  readonly rest: Uint8Array;
  readonly delayed: boolean;
}

async function writeLater(
  session: Session,
  call: PendingRequest,
  handle: Handle,
  waiting: WaitingWrite,
): Promise<void> {
  const { offset, done, rest, delayed } = waiting;
  let written = 0;
  try {
    while (written < rest.length) {
      const piece = written === 0 ? rest : rest.subarray(written);
      const at = offset + done + written;
      const writing = delayed ? handle.writeInPlace(at, piece, call.signal) : handle.writeAt(at, piece, call.signal);
      const count = await writing;
      if (count === 0) throw new Failure("EIO", { syscall: "write", detail: "nothing was written" });
      written += count;
    }
    session.payloads.give(rest);
  } catch (thrown) {
    if (delayed || done + written === 0) throw thrown;
  }
  const appends = (handle.flags & openFlags.O_APPEND) !== 0;
  if (appends && !delayed) await correctPosition(session, call, handle, offset + done + written);
  answerWritten(session, call.unique, done + written);
}

/**
 * The kernel thinks that it appended at the size it knew. Where another client had appended meanwhile, the bytes went
 * further back, and the pages that the kernel filled are wrong. Looked at before the answer, which lets the next write in.
 */
async function correctPosition(
  session: Session,
  call: PendingRequest,
  handle: Handle,
  expected: number,
): Promise<void> {
  const attributes = await session.attributesOf(handle.node, call).catch(() => undefined);
  if (attributes?.size !== expected) session.notices.content(handle.node.number, 0, undefined);
}
