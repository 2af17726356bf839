/** Requests about names: finding, making, moving and removing them. */
import type { Node } from "../../files/index.ts";
import type { Call, RenameMode } from "../../port/index.ts";
import type { Session } from "../session/session.ts";
import { encodeAbsence, entryOutBytes, kindOfMode } from "../wire/attributes.ts";
import { linkIn, mkdirIn, mknodIn, nameIn, rename2In, renameFlags, renameIn, symlinkIn } from "../wire/names.ts";
import type { Request } from "../wire/request.ts";

const permissionBits = 0o7777;

/** LOOKUP: from the cache in this turn, where the caller may be shown it; a missing name is an answer that lasts, too. */
export function lookup(session: Session, request: Request): void {
  const parent = session.nodeOf(request);
  if (parent === undefined) return;
  const name = nameIn.name(request);
  const credential = session.callers.credentialOf(request);
  const found = session.volume.tryLookup(parent, name, credential);
  if (found === null) {
    answerAbsence(session, request.unique);
    return;
  }
  if (found !== undefined) {
    const attributes = session.volume.tryGetAttributes(found, credential);
    if (attributes !== undefined) {
      session.answerNode(request.unique, found, attributes);
      return;
    }
  }
  session.later(request, async (call) => {
    try {
      await answerMade(session, call, await session.volume.lookup(parent, name, call));
    } catch (thrown) {
      if ((thrown as { code?: unknown }).code !== "ENOENT") throw thrown;
      answerAbsence(session, call.unique);
    }
  });
}

function answerAbsence(session: Session, unique: number): void {
  encodeAbsence(session.reply, session.entryValidity);
  session.answer(unique, entryOutBytes);
}

/** Answers with a node and its attributes. */
async function answerMade(session: Session, call: Call & { readonly unique: number }, node: Node): Promise<void> {
  const known = session.volume.remember(node);
  try {
    session.answerNode(call.unique, known, await session.attributesOf(known, call));
  } finally {
    session.volume.forget(known, 1);
  }
}

export function makeDirectory(session: Session, request: Request): void {
  const parent = session.nodeOf(request);
  if (parent === undefined) return;
  const name = mkdirIn.name(request);
  const mode = mkdirIn.mode(request) & permissionBits;
  session.later(request, async (call) => {
    await answerMade(session, call, await session.volume.makeDirectory(parent, name, mode, call));
  });
}

export function makeSymbolicLink(session: Session, request: Request): void {
  const parent = session.nodeOf(request);
  if (parent === undefined) return;
  const name = symlinkIn.name(request);
  const target = symlinkIn.target(request);
  session.later(request, async (call) => {
    await answerMade(session, call, await session.volume.makeSymbolicLink(parent, name, target, call));
  });
}

export function makeNode(session: Session, request: Request): void {
  const parent = session.nodeOf(request);
  if (parent === undefined) return;
  const name = mknodIn.name(request);
  const mode = mknodIn.mode(request);
  const device = mknodIn.device(request);
  const kind = kindOfMode(mode);
  if (kind === undefined || kind === "directory" || kind === "symbolicLink") {
    session.refuse(request.unique, "EINVAL");
    return;
  }
  session.later(request, async (call) => {
    const made = await session.volume.makeNode(parent, name, kind, mode & permissionBits, device, call);
    await answerMade(session, call, made);
  });
}

/** LINK: the header's node is the directory, the body names the node. */
export function link(session: Session, request: Request): void {
  const parent = session.nodeOf(request);
  const node = parent === undefined ? undefined : session.nodeOf(request, linkIn.node(request));
  if (parent === undefined || node === undefined) return;
  const name = linkIn.name(request);
  session.later(request, async (call) => {
    const attributes = await session.volume.link(node, parent, name, call);
    session.answerNode(call.unique, node, attributes);
  });
}

export function unlink(session: Session, request: Request): void {
  const parent = session.nodeOf(request);
  if (parent === undefined) return;
  const name = nameIn.name(request);
  session.later(request, async (call) => {
    await session.volume.unlink(parent, name, call);
    session.answer(call.unique);
  });
}

export function removeDirectory(session: Session, request: Request): void {
  const parent = session.nodeOf(request);
  if (parent === undefined) return;
  const name = nameIn.name(request);
  session.later(request, async (call) => {
    await session.volume.removeDirectory(parent, name, call);
    session.answer(call.unique);
  });
}

export function rename(session: Session, request: Request): void {
  const toParent = renameIn.toDirectory(request);
  renameTo(session, request, toParent, renameIn.fromName(request), renameIn.toName(request), "replace");
}

/** RENAME2: whiteouts belong to union mounts and are refused. */
export function rename2(session: Session, request: Request): void {
  const mode = renameModeOf(rename2In.flags(request));
  if (mode === undefined) {
    session.refuse(request.unique, "EINVAL");
    return;
  }
  const toParent = rename2In.toDirectory(request);
  renameTo(session, request, toParent, rename2In.fromName(request), rename2In.toName(request), mode);
}

function renameModeOf(flags: number): RenameMode | undefined {
  switch (flags) {
    case 0:
      return "replace";
    case renameFlags.NOREPLACE:
      return "noReplace";
    case renameFlags.EXCHANGE:
      return "exchange";
    default:
      return undefined;
  }
}

function renameTo(
  session: Session,
  request: Request,
  toNumber: number,
  fromName: string,
  toName: string,
  mode: RenameMode,
): void {
  const fromParent = session.nodeOf(request);
  const toParent = fromParent === undefined ? undefined : session.nodeOf(request, toNumber);
  if (fromParent === undefined || toParent === undefined) return;
  session.later(request, async (call) => {
    await session.volume.rename(fromParent, fromName, toParent, toName, mode, call);
    session.answer(call.unique);
  });
}

export function readLink(session: Session, request: Request): void {
  const node = session.nodeOf(request);
  if (node === undefined) return;
  session.later(request, async (call) => {
    session.answerText(call.unique, await session.volume.readLink(node, call));
  });
}
