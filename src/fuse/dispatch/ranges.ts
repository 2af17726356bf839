/** Requests about ranges of files: FALLOCATE, LSEEK, COPY_FILE_RANGE. */
import { Failure } from "../../base/index.ts";
import type { Handle } from "../../files/index.ts";
import type { PendingRequest } from "../session/pending-requests.ts";
import type { Session } from "../session/session.ts";
import { copyFileRangeIn, fallocateIn, fallocateModes, lseekIn, seekWhence } from "../wire/ranges.ts";
import { isCountable, type Request } from "../wire/request.ts";

const copyChunkBytes = 1 << 20;
/** One request copies no more than this, so that it is soon answered; the caller goes on from the short count. */
const copyBytesMax = 64 << 20;

export function allocate(session: Session, request: Request): void {
  const handle = session.open.file(fallocateIn.handle(request));
  if (handle === undefined) {
    session.refuse(request.unique, "EBADF");
    return;
  }
  const offset = fallocateIn.offset(request);
  const length = fallocateIn.length(request);
  if (!isCountable(offset + length)) {
    session.refuse(request.unique, "EFBIG");
    return;
  }
  const mode = fallocateIn.mode(request);
  session.later(
    request,
    async (call) => {
      await allocateByMode(handle, offset, length, mode, call);
      session.answer(call.unique);
    },
    handle.credential,
  );
}

async function allocateByMode(
  handle: Handle,
  offset: number,
  length: number,
  mode: number,
  call: PendingRequest,
): Promise<void> {
  const { KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE } = fallocateModes;
  switch (mode) {
    case 0:
    case KEEP_SIZE:
      return handle.allocate(offset, length, mode === KEEP_SIZE, call.signal);
    case PUNCH_HOLE | KEEP_SIZE:
      return handle.punchHole(offset, length, call.signal);
    case ZERO_RANGE:
    case ZERO_RANGE | KEEP_SIZE:
      await handle.punchHole(offset, length, call.signal);
      return handle.allocate(offset, length, mode !== ZERO_RANGE, call.signal);
    default:
      throw new Failure("ENOTSUP", { syscall: "fallocate" });
  }
}

/** LSEEK: the kernel asks for SEEK_DATA and SEEK_HOLE only. */
export function seek(session: Session, request: Request): void {
  const handle = session.open.file(lseekIn.handle(request));
  if (handle === undefined) {
    session.refuse(request.unique, "EBADF");
    return;
  }
  const offset = lseekIn.offset(request);
  const whence = lseekIn.whence(request);
  if (whence !== seekWhence.DATA && whence !== seekWhence.HOLE) {
    session.refuse(request.unique, "EINVAL");
    return;
  }
  if (!isCountable(offset)) {
    session.refuse(request.unique, "ENXIO");
    return;
  }
  session.later(
    request,
    async (call) => {
      const found = await handle.seek(offset, whence === seekWhence.DATA ? "data" : "hole", call.signal);
      session.reply.u64(0, found);
      session.answer(call.unique, 8);
    },
    handle.credential,
  );
}

export function copyFileRange(session: Session, request: Request): void {
  const from = session.open.file(copyFileRangeIn.fromHandle(request));
  const to = session.open.file(copyFileRangeIn.toHandle(request));
  if (from === undefined || to === undefined) {
    session.refuse(request.unique, "EBADF");
    return;
  }
  if (copyFileRangeIn.flags(request) !== 0) {
    session.refuse(request.unique, "EINVAL");
    return;
  }
  const fromOffset = copyFileRangeIn.fromOffset(request);
  const toOffset = copyFileRangeIn.toOffset(request);
  const length = Math.min(copyFileRangeIn.length(request), copyBytesMax);
  if (!isCountable(fromOffset + length) || !isCountable(toOffset + length)) {
    session.refuse(request.unique, "EFBIG");
    return;
  }
  session.later(
    request,
    async (call) => {
      const copied = await copy(from, fromOffset, to, toOffset, length, call);
      session.counters.writtenBytes += copied;
      // A fuse_write_out and a 64-bit count look the same for counts below 4 GiB.
      session.reply.u64(0, copied);
      session.answer(call.unique, 8);
    },
    to.credential,
    Math.min(length, copyChunkBytes),
  );
}

/** Copies through the cache, a chunk at a time; what was copied before a failure or an interruption counts. */
async function copy(
  from: Handle,
  fromOffset: number,
  to: Handle,
  toOffset: number,
  length: number,
  call: PendingRequest,
): Promise<number> {
  const chunk = new Uint8Array(Math.min(length, copyChunkBytes));
  let copied = 0;
  try {
    while (copied < length && !call.signal.aborted) {
      const wanted = Math.min(chunk.length, length - copied);
      const read = await from.readAt(fromOffset + copied, chunk.subarray(0, wanted), call.signal);
      if (read === 0) break;
      const written = await to.writeAt(toOffset + copied, chunk.subarray(0, read), call.signal);
      copied += written;
      if (written < read) break;
    }
  } catch (thrown) {
    if (copied === 0) throw thrown;
  }
  return copied;
}
