/** Requests about attributes of nodes, and about the file system as a whole. */

import type { AccessMode } from "../../port/index.ts";
import type { Session } from "../session/session.ts";
import type { Request } from "../wire/request.ts";
import { isCountable } from "../wire/request.ts";
import { accessIn, attributeBits, attributeChangesOf, getattrIn, setattrIn } from "../wire/set-attributes.ts";
import { encodeStatistics, statfsOutBytes } from "../wire/statistics.ts";
import { encodeStatx, statxIn, statxOutBytes } from "../wire/statx.ts";

/** The caller gave an open file: it is asked about in the name of whoever opened it. */
const byHandle = 1;

export function getAttributes(session: Session, request: Request): void {
  const node = session.nodeOf(request);
  if (node === undefined) return;
  const handle = (getattrIn.flags(request) & byHandle) === 0 ? undefined : session.open.file(getattrIn.handle(request));
  const credential = handle?.credential ?? session.callers.credentialOf(request);
  const attributes = session.volume.tryGetAttributes(node, credential);
  if (attributes !== undefined) {
    session.answerAttributes(request.unique, attributes);
    return;
  }
  session.later(
    request,
    async (call) => session.answerAttributes(call.unique, await session.volume.getAttributes(node, call)),
    credential,
  );
}

export function getStatx(session: Session, request: Request): void {
  const node = session.nodeOf(request);
  if (node === undefined) return;
  const handle = (statxIn.flags(request) & byHandle) === 0 ? undefined : session.open.file(statxIn.handle(request));
  const credential = handle?.credential ?? session.callers.credentialOf(request);
  session.later(
    request,
    async (call) => {
      const attributes = await session.attributesOf(node, call);
      encodeStatx(session.reply, attributes, session.attributeValidity);
      session.answer(call.unique, statxOutBytes);
    },
    credential,
  );
}

/** SETATTR: with an open file, the size changes by the right that the file was opened with. */
export function setAttributes(session: Session, request: Request): void {
  const node = session.nodeOf(request);
  if (node === undefined) return;
  const changes = attributeChangesOf(request);
  if (changes.size !== undefined && !isCountable(changes.size)) {
    session.refuse(request.unique, "EFBIG");
    return;
  }
  const hasHandle = (setattrIn.valid(request) & attributeBits.FH) !== 0;
  const handle = hasHandle ? session.open.file(setattrIn.handle(request)) : undefined;
  session.later(request, async (call) => {
    session.answerAttributes(call.unique, await session.volume.setAttributes(node, changes, call, handle));
  });
}

export function access(session: Session, request: Request): void {
  const node = session.nodeOf(request);
  if (node === undefined) return;
  const mask = accessIn.mask(request);
  const mode: AccessMode = { read: (mask & 4) !== 0, write: (mask & 2) !== 0, execute: (mask & 1) !== 0 };
  session.later(request, async (call) => {
    if (mask === 0) await session.attributesOf(node, call);
    else await session.volume.access(node, mode, call);
    session.answer(call.unique);
  });
}

export function statistics(session: Session, request: Request): void {
  const node = session.nodeOf(request);
  if (node === undefined) return;
  session.later(request, async (call) => {
    encodeStatistics(session.reply, await session.volume.statistics(node, call));
    session.answer(call.unique, statfsOutBytes);
  });
}
