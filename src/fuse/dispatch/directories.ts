/**
 * Requests about open directories. `.` and `..` are the first two entries; behind them stands the snapshot that the
 * handle took, so an entry's offset is its place in the snapshot plus 3 and stays good until the directory is rewound.
 */
import { encodeFileName } from "../../base/index.ts";
import type { DirectoryHandle, Node } from "../../files/index.ts";
import type { DirectoryEntry, NodeKind } from "../../port/index.ts";
import type { PendingRequest } from "../session/pending-requests.ts";
import type { Session } from "../session/session.ts";
import { direntBytesOf, direntPlusBytesOf, encodeDirent, encodeDirentNode } from "../wire/directory-entries.ts";
import { encodeOpen, fsyncIn, openOutBytes, releaseIn } from "../wire/open-files.ts";
import { transferIn } from "../wire/read-write.ts";
import type { Request } from "../wire/request.ts";
import { onHandle } from "./on-handle.ts";

/** `.` and `..`. */
const dotCount = 2;
const answerBytesMax = 64 * 1024;
/** Attributes of so many names are asked for at once; the first program output should not wait for a huge directory. */
const plusEntriesMax = 256;

export function openDirectory(session: Session, request: Request): void {
  const node = session.nodeOf(request);
  if (node === undefined) return;
  session.later(request, async (call) => {
    const handle = await session.volume.openDirectory(node, call);
    session.open.addDirectory(handle);
    encodeOpen(session.reply, 0, handle.fd, 0);
    if (!session.answer(call.unique, openOutBytes)) await session.open.releaseDirectory(handle.fd);
  });
}

export function releaseDirectory(session: Session, request: Request): void {
  const number = releaseIn.handle(request);
  session.later(request, async (call) => {
    await session.open.releaseDirectory(number);
    session.answer(call.unique);
  });
}

export function synchronizeDirectory(session: Session, request: Request): void {
  onHandle(session, request, session.open.directory(fsyncIn.handle(request)), (handle, signal) => handle.sync(signal));
}

export function readDirectory(session: Session, request: Request): void {
  readEntries(session, request, answerNames);
}

export function readDirectoryPlus(session: Session, request: Request): void {
  readEntries(session, request, answerNamesAndNodes);
}

type AnswerEntries = (session: Session, call: PendingRequest, reading: Reading) => Promise<void>;

interface Reading {
  readonly handle: DirectoryHandle;
  readonly entries: readonly DirectoryEntry[];
  readonly offset: number;
  readonly bytesMax: number;
}

/** Reading from the start takes a new snapshot. */
function readEntries(session: Session, request: Request, answerEntries: AnswerEntries): void {
  const handle = session.open.directory(transferIn.handle(request));
  if (handle === undefined) {
    session.refuse(request.unique, "EBADF");
    return;
  }
  const offset = transferIn.offset(request);
  const bytesMax = Math.min(transferIn.size(request), answerBytesMax);
  session.later(
    request,
    async (call) => {
      const entries = offset === 0 || handle.entries === undefined ? await handle.load(call.signal) : handle.entries;
      await answerEntries(session, call, { handle, entries, offset, bytesMax });
    },
    handle.credential,
  );
}

interface Listed {
  readonly name: Uint8Array;
  readonly inode: bigint;
  readonly kind: NodeKind;
}

const dot = encodeFileName(".");
const dotDot = encodeFileName("..");

async function dotAt(session: Session, call: PendingRequest, reading: Reading, position: number): Promise<Listed> {
  const node = position === 0 ? reading.handle.node : reading.handle.parent;
  const { inode } = await session.attributesOf(node, call).catch(() => ({ inode: BigInt(node.number) }));
  return { name: position === 0 ? dot : dotDot, inode, kind: "directory" };
}

/** The entries from the offset on that fit. */
async function fitting(
  session: Session,
  call: PendingRequest,
  reading: Reading,
  bytesOf: (name: Uint8Array) => number,
  countMax: number,
): Promise<Listed[]> {
  const listed: Listed[] = [];
  let left = reading.bytesMax;
  while (listed.length < countMax) {
    const position = reading.offset + listed.length;
    const entry = position < dotCount ? await dotAt(session, call, reading, position) : snapshotAt(reading, position);
    if (entry === undefined) break;
    left -= bytesOf(entry.name);
    if (left < 0) break;
    listed.push(entry);
  }
  return listed;
}

function snapshotAt(reading: Reading, position: number): Listed | undefined {
  const entry = reading.entries[position - dotCount];
  return entry === undefined ? undefined : { inode: entry.inode, kind: entry.kind, name: encodeFileName(entry.name) };
}

async function answerNames(session: Session, call: PendingRequest, reading: Reading): Promise<void> {
  const listed = await fitting(session, call, reading, direntBytesOf, Number.POSITIVE_INFINITY);
  let at = 0;
  let next = reading.offset;
  for (const entry of listed) {
    next += 1;
    at = encodeDirent(session.reply, at, entry.name, entry.inode, entry.kind, next);
  }
  session.answer(call.unique, at);
}

/** READDIRPLUS: each entry with attributes is one reference more, unless it is one of the dots. */
async function answerNamesAndNodes(session: Session, call: PendingRequest, reading: Reading): Promise<void> {
  const listed = await fitting(session, call, reading, direntPlusBytesOf, plusEntriesMax);
  const dots = Math.max(0, dotCount - reading.offset);
  const start = Math.max(0, reading.offset - dotCount);
  const count = Math.max(0, listed.length - dots);
  const nodes = count === 0 ? [] : await reading.handle.lookup(start, count, call.signal);
  const handedOver: Node[] = [];
  let at = 0;
  for (const [index, entry] of listed.entries()) {
    const found = index < dots ? undefined : nodes[index - dots];
    const attributes = found === undefined ? undefined : session.volume.tryGetAttributes(found, call.credential);
    const node = found === undefined || attributes === undefined ? undefined : session.references.add(found);
    if (node !== undefined) handedOver.push(node);
    const { attributeValidity, entryValidity } = session;
    at = encodeDirentNode(session.reply, at, node?.number ?? 0, attributes, entryValidity, attributeValidity);
    at = encodeDirent(session.reply, at, entry.name, entry.inode, entry.kind, reading.offset + index + 1);
  }
  if (session.answer(call.unique, at)) return;
  for (const node of handedOver) session.references.remove(node.number, 1);
}
