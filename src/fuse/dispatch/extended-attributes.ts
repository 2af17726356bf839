/** Requests about extended attributes. A store without them is asked once: the kernel remembers ENOSYS. */
import { encodeFileName } from "../../base/index.ts";
import type { Node } from "../../files/index.ts";
import type { Session } from "../session/session.ts";
import { getxattrIn, listxattrIn, setxattrFlags, setxattrIn } from "../wire/extended-attributes.ts";
import { nameIn } from "../wire/names.ts";
import type { Request } from "../wire/request.ts";

function nodeWithAttributes(session: Session, request: Request): Node | undefined {
  if (session.volume.manifest.extendedAttributes) return session.nodeOf(request);
  session.refuse(request.unique, "ENOSYS");
  return undefined;
}

/** Answers a value, or with room 0 its length alone; ERANGE when the room is too small. */
function answerValue(session: Session, unique: number, value: Uint8Array, room: number): void {
  if (room === 0) {
    session.reply.u32(0, value.length);
    session.reply.u32(4, 0);
    session.answer(unique, 8);
  } else if (value.length > room) session.refuse(unique, "ERANGE");
  else session.answerBytes(unique, value);
}

export function getExtendedAttribute(session: Session, request: Request): void {
  const node = nodeWithAttributes(session, request);
  if (node === undefined) return;
  const name = getxattrIn.name(request);
  const room = getxattrIn.size(request);
  session.later(request, async (call) => {
    answerValue(session, call.unique, await session.volume.getExtendedAttribute(node, name, call), room);
  });
}

/** LISTXATTR: each name with its NUL. */
export function listExtendedAttributes(session: Session, request: Request): void {
  const node = nodeWithAttributes(session, request);
  if (node === undefined) return;
  const room = listxattrIn.size(request);
  session.later(request, async (call) => {
    const names = await session.volume.listExtendedAttributes(node, call);
    const list = Buffer.concat(names.map((name) => Buffer.concat([encodeFileName(name), Buffer.alloc(1)])));
    answerValue(session, call.unique, list, room);
  });
}

export function setExtendedAttribute(session: Session, request: Request): void {
  const node = nodeWithAttributes(session, request);
  if (node === undefined) return;
  const name = setxattrIn.name(request);
  const size = setxattrIn.size(request);
  const start = request.afterName(8);
  if (start + size > request.bodyBytes) {
    session.refuse(request.unique, "EPROTO");
    return;
  }
  const value = request.copyOf(start, size);
  const flags = setxattrIn.flags(request);
  const mode = flags === setxattrFlags.CREATE ? "create" : flags === setxattrFlags.REPLACE ? "replace" : "any";
  session.later(request, async (call) => {
    await session.volume.setExtendedAttribute(node, name, value, mode, call);
    // An access control list changes the mode bits, and the kernel does not think of that.
    if (name.startsWith("system.posix_acl_")) session.notices.attributes(node.number);
    session.answer(call.unique);
  });
}

export function removeExtendedAttribute(session: Session, request: Request): void {
  const node = nodeWithAttributes(session, request);
  if (node === undefined) return;
  const name = nameIn.name(request);
  session.later(request, async (call) => {
    await session.volume.removeExtendedAttribute(node, name, call);
    session.answer(call.unique);
  });
}
