/** Requests about the connection itself: INIT, DESTROY, INTERRUPT, and the references that the kernel gives back. */
import { Failure } from "../../base/index.ts";
import type { Session } from "../session/session.ts";
import { batchForgetIn, forEachForgotten, forgetIn, interruptIn } from "../wire/forget.ts";
import { agree, encodeInit, initIn, initOutBytes, isFromTheFuture, protocol } from "../wire/init.ts";
import type { Request } from "../wire/request.ts";

/** Requests that nobody waits for (read-ahead, releases) that the kernel may have under way. */
const backgroundMax = 64;
/** What the kernel may read ahead, if its own settings allow as much. */
const readaheadBytesMax = 1 << 20;

/** INIT: agrees on a version and on features. */
export function initialize(session: Session, request: Request): void {
  if (isFromTheFuture(request)) {
    session.reply.zero(0, initOutBytes);
    session.reply.u32(0, protocol.major);
    session.reply.u32(4, protocol.minorMax);
    session.answer(request.unique, initOutBytes);
    return;
  }
  const agreement = agree(request, readaheadBytesMax);
  if (agreement === undefined) {
    const spoken = `${initIn.major(request)}.${initIn.minor(request)}`;
    session.refuse(request.unique, "EPROTO");
    const detail = `the kernel speaks FUSE ${spoken}, at least ${protocol.major}.${protocol.minorMin} is needed`;
    session.events.over(new Failure("EPROTO", { syscall: "mount", detail }));
    return;
  }
  encodeInit(session.reply, agreement, { backgroundMax });
  session.agreement = agreement;
  session.answer(request.unique, initOutBytes);
  session.events.ready(agreement);
}

/** DESTROY: the mount is gone. */
export function destroy(session: Session, request: Request): void {
  session.answer(request.unique);
  session.events.over();
}

/** INTERRUPT: the request it names ends by its signal; one that was answered meanwhile is none of our business. */
export function interrupt(session: Session, request: Request): void {
  session.counters.interrupts += 1;
  session.pending.interrupt(interruptIn.unique(request));
}

export function forget(session: Session, request: Request): void {
  forgetOne(session, request.nodeNumber, forgetIn.count(request));
}

export function batchForget(session: Session, request: Request): void {
  if (batchForgetIn.count(request) === 0) return;
  forEachForgotten(request, (node, count) => forgetOne(session, node, count));
}

function forgetOne(session: Session, node: number, count: number): void {
  if (!session.references.remove(node, count)) {
    session.log("warn", "the kernel gave back references it does not hold", { node, count });
  }
}

/** IOCTL: there are none. */
export function noIoctl(session: Session, request: Request): void {
  session.refuse(request.unique, "ENOTTY");
}
