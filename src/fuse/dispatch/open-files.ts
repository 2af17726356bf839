/** Requests that open and close files, and those that make their bytes safe. */
import { failureFrom } from "../../base/index.ts";
import { type Handle, openFlags } from "../../files/index.ts";
import type { PendingRequest } from "../session/pending-requests.ts";
import type { Session } from "../session/session.ts";
import { entryOutBytes } from "../wire/attributes.ts";
import {
  createIn,
  encodeOpen,
  flushIn,
  fsyncIn,
  openIn,
  openOutBytes,
  openReplyFlags,
  releaseIn,
} from "../wire/open-files.ts";
import type { Request } from "../wire/request.ts";
import { onHandle } from "./on-handle.ts";

const { O_ACCMODE, O_APPEND, O_EXCL, O_TRUNC, O_RDONLY } = openFlags;
const permissionBits = 0o7777;

/** What the volume is told of the flags: the kernel itself sees to O_SYNC (it sends FSYNC) and to everything else. */
function volumeFlags(flags: number): number {
  return flags & (O_ACCMODE | O_APPEND | O_TRUNC);
}

/**
 * The kernel may keep a file's pages from one open to the next, because it is told of every change; not while such a
 * message is still on its way. Where several credentials have the file open for writing, later ones bypass the kernel's
 * pages, so that what a shared mapping writes always has one owner.
 */
function openReply(session: Session, handle: Handle): number {
  const writable = (handle.flags & O_ACCMODE) !== O_RDONLY;
  if (writable && handle.node.writingCredentialCount > 1) return openReplyFlags.DIRECT_IO;
  return session.notices.mayBeStale(handle.node.number) ? 0 : openReplyFlags.KEEP_CACHE;
}

export function open(session: Session, request: Request): void {
  const node = session.nodeOf(request);
  if (node === undefined) return;
  const flags = volumeFlags(openIn.flags(request));
  const processId = request.processId;
  session.later(request, async (call) => {
    const handle = await session.volume.openNode(node, flags, call, processId);
    session.open.addFile(handle);
    encodeOpen(session.reply, 0, handle.fd, openReply(session, handle));
    if (!session.answer(call.unique, openOutBytes)) await session.open.releaseFile(handle.fd);
  });
}

/** CREATE: another client may have made the name meanwhile; without O_EXCL that file is opened. */
export function create(session: Session, request: Request): void {
  const parent = session.nodeOf(request);
  if (parent === undefined) return;
  const name = createIn.name(request);
  const mode = createIn.mode(request) & permissionBits;
  const asked = createIn.flags(request);
  const flags = volumeFlags(asked);
  const processId = request.processId;
  session.later(request, async (call) => {
    let handle: Handle;
    try {
      handle = await session.volume.createFile(parent, name, mode, flags, call, processId);
    } catch (thrown) {
      if (failureFrom(thrown).code !== "EEXIST" || (asked & O_EXCL) !== 0) throw thrown;
      handle = await session.volume.openNode(await session.volume.lookup(parent, name, call), flags, call, processId);
    }
    await answerCreated(session, call, handle);
  });
}

async function answerCreated(session: Session, call: PendingRequest, handle: Handle): Promise<void> {
  session.open.addFile(handle);
  try {
    const attributes = await session.attributesOf(handle.node, call);
    const { number } = session.putEntry(0, handle.node, attributes);
    encodeOpen(session.reply, entryOutBytes, handle.fd, openReply(session, handle));
    if (session.answer(call.unique, entryOutBytes + openOutBytes)) return;
    session.references.remove(number, 1);
  } catch (thrown) {
    await session.open.releaseFile(handle.fd);
    throw thrown;
  }
  await session.open.releaseFile(handle.fd);
}

/** RELEASE: the last descriptor is closed. Nobody hears a failure here; FLUSH came before. */
export function release(session: Session, request: Request): void {
  const number = releaseIn.handle(request);
  session.later(request, async (call) => {
    await session.open.releaseFile(number);
    session.answer(call.unique);
  });
}

/** FLUSH: a descriptor is closed; close(2) gets what could not be written. */
export function flush(session: Session, request: Request): void {
  onHandle(session, request, session.open.file(flushIn.handle(request)), (handle, signal) => handle.flush(signal));
}

export function synchronize(session: Session, request: Request): void {
  onHandle(session, request, session.open.file(fsyncIn.handle(request)), (handle, signal) => handle.sync(signal));
}

export function synchronizeAll(session: Session, request: Request): void {
  session.later(request, async (call) => {
    await session.volume.sync(call);
    session.answer(call.unique);
  });
}
