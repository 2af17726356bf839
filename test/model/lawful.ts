/**
 * Whether programs may see what they saw: the answer of a read, byte by byte, between the tick when it was asked and the
 * tick when it was answered. Between two neighbouring edges of changes all bytes have one history, so one is looked at.
 *
 * A byte may be
 *   - of a local write that no later change, ended before the question, has replaced (S1.3: old and new may mix), or
 *   - what the server had at some time since it took the latest local change that ended before the question.
 */
import { ByteRanges } from "../../src/base/index.ts";
import { isBefore, type LocalChange, type ServerChange, type Tick } from "./change.ts";
import type { ModelFile } from "./model-file.ts";

/** When a question was asked and answered, and up to which tick other clients' changes must have been noticed. */
export interface Asked {
  readonly from: Tick;
  readonly to: Tick;
  readonly noticed: Tick;
}

/** What is wrong with an answer of `count` bytes at `position` to a question for `length`; undefined when nothing is. */
export function complaintOfRead(
  file: ModelFile,
  position: number,
  bytes: Uint8Array,
  count: number,
  length: number,
  asked: Asked,
): string | undefined {
  for (let at = 0; at < count; ) {
    const run = file.pattern.runLength(bytes, at, count);
    const complaint = complaintOfRun(file, position + at, position + at + run, bytes[at] as number, asked);
    if (complaint !== undefined) return complaint;
    at += run;
  }
  if (count < length && !mayEndAt(file, position + count, asked)) {
    return `the file ends at ${position + count}, asked for ${length} bytes at ${position}; history: ${historyOf(file, position + count)}`;
  }
  return undefined;
}

/** Bytes [start, end) are of one write, or zeros. */
function complaintOfRun(file: ModelFile, start: number, end: number, first: number, asked: Asked): string | undefined {
  for (const [from, to] of piecesOf(file, start, end)) {
    const byte = first === 0 ? 0 : (file.pattern.bytes(file.pattern.idOf(first, start), from, 1)[0] as number);
    if (mayShow(file, byte, from, to, asked)) continue;
    const id = file.pattern.idOf(byte, from);
    return `bytes [${from}, ${to}) are of write id ${id}, which must not be seen; history: ${historyOf(file, from)}`;
  }
  return undefined;
}

/** [start, end) cut at every edge of a change. */
function piecesOf(file: ModelFile, start: number, end: number): [from: number, to: number][] {
  const edges = new Set<number>([start, end]);
  for (const list of [file.locals, file.server]) {
    for (const change of list) {
      if (change.start > start && change.start < end) edges.add(change.start);
      if (change.end > start && change.end < end) edges.add(change.end);
    }
  }
  const sorted = [...edges].sort((a, b) => a - b);
  return sorted.slice(1).map((edge, at) => [sorted[at] as number, edge]);
}

function covers(change: { readonly start: number; readonly end: number }, at: number): boolean {
  return change.start >= 0 && change.start <= at && at < change.end;
}

function mayShow(file: ModelFile, byte: number, from: number, to: number, asked: Asked): boolean {
  const write = file.writeOf(byte, from);
  const relevant = (change: LocalChange | ServerChange): boolean => covers(change, from);
  if (write !== undefined && write.begun <= asked.to && !isReplaced(file, write, from, asked)) {
    if (!isGone(file, write, from, asked)) return true;
  }
  const id = file.pattern.idOf(byte, from);
  return serverHad(file, from, relevant, asked, {
    inChange: (change) =>
      change.contents === undefined ? change.valueId === id : same(change.contents, byte, from, to, file),
    inBase: () => same(file.base, byte, from, to, file),
  });
}

function same(contents: Uint8Array, byte: number, from: number, to: number, file: ModelFile): boolean {
  return contents[from] === byte && file.pattern.runLength(contents, from, to) === to - from;
}

/** Whether a local write can no longer be seen by itself. */
function isReplaced(file: ModelFile, write: LocalChange, at: number, asked: Asked): boolean {
  for (const change of file.locals) {
    if (change.ended < asked.from && isBefore(write, change) && !change.isVoid && covers(change, at)) return true;
  }
  // Once the server has it, another client's change takes its place when it has been noticed.
  let isNoticed = false;
  for (let index = file.server.length - 1; index >= 0; index--) {
    const change = file.server[index] as ServerChange;
    if (!covers(change, at)) continue;
    if (change.local === write) return isNoticed;
    if (change.tick <= asked.noticed) isNoticed = true;
  }
  return false;
}

/** Whether the server was as `state` asks since it took the latest local change that ended before the question. */
function serverHad(
  file: ModelFile,
  at: number,
  relevant: (change: LocalChange | ServerChange) => boolean,
  asked: Asked,
  state: { readonly inChange: (change: ServerChange) => boolean; readonly inBase: () => boolean },
): boolean {
  const latest = latestEnded(
    file,
    (change) => relevant(change) && !isDead(file, change, at, at + 1, asked),
    asked.from,
  );
  const first = latest === undefined ? -1 : firstTaking(file, relevant, latest);
  if (first === undefined) return false;
  for (let index = file.server.length - 1; index >= Math.max(0, first); index--) {
    const change = file.server[index] as ServerChange;
    if (!relevant(change)) continue;
    if (state.inChange(change)) return true;
    if (change.tick <= asked.noticed) return false;
  }
  return first < 0 && state.inBase();
}

/** Whether the byte of a write was refused, and has left the cache by the time of the question. */
function isGone(file: ModelFile, write: LocalChange, at: number, asked: Asked): boolean {
  return file.refused.some(
    (run) =>
      run.change === write &&
      covers(run, at) &&
      run.ended < asked.from &&
      !run.lingers &&
      // Pieces that were refused while the write lasted came once more, with the whole.
      !(write.isWrittenAnew && run.begun <= write.ended),
  );
}

/** Whether nothing is left of what a change wrote in [start, end): it may have left the cache, and the server has none of it. */
function isDead(file: ModelFile, change: LocalChange, start: number, end: number, asked: Asked): boolean {
  if (!mayHaveLeft(file, change, start, end, asked)) return false;
  return !file.server.some(({ local, ...taken }) => local === change && taken.end > start && taken.start < end);
}

/**
 * Whether all bytes of [start, end) that a change wrote may have left the cache with refused ones: its own, or newer ones
 * that had taken their place.
 */
function mayHaveLeft(file: ModelFile, change: LocalChange, start: number, end: number, asked: Asked): boolean {
  if (change.kind !== "write") return false;
  let left = ByteRanges.of(Math.max(start, change.start), Math.min(end, change.end));
  for (const run of file.refused) {
    if (run.begun <= asked.to && !isBefore(run.change, change)) left = left.minus(run.start, run.end);
    if (left.isEmpty) return true;
  }
  return false;
}

function latestEnded(
  file: ModelFile,
  relevant: (change: LocalChange) => boolean,
  before: Tick,
): LocalChange | undefined {
  let latest: LocalChange | undefined;
  for (const change of file.locals) {
    if (change.ended >= before || change.isVoid || !relevant(change)) continue;
    if (latest === undefined || change.ended > latest.ended) latest = change;
  }
  return latest;
}

/** The server's first change that is a local one not older than `latest`; undefined when it has none yet. */
function firstTaking(
  file: ModelFile,
  relevant: (change: ServerChange) => boolean,
  latest: LocalChange,
): number | undefined {
  for (let index = 0; index < file.server.length; index++) {
    const change = file.server[index] as ServerChange;
    const { local } = change;
    if (local !== undefined && !local.isVoid && relevant(change) && !isBefore(local, latest)) return index;
  }
  return undefined;
}

/**
 * Whether the file may have ended at or before `at`. What the server took and the cache had to take for refused need not count:
 * the size goes back when the bytes leave, and the store alone knows better, which may not be to be asked.
 */
export function mayEndAt(file: ModelFile, at: number, asked: Asked): boolean {
  for (const change of file.locals) {
    if (change.kind !== "resize" || change.isVoid || change.start > at || change.begun > asked.to) continue;
    if (!isGrownAgain(file, change, at, asked)) return true;
  }
  const relevant = (change: LocalChange): boolean =>
    touchesSize(change, at) && !mayHaveLeft(file, change, at, Number.POSITIVE_INFINITY, asked);
  const latest = latestEnded(file, relevant, asked.from);
  if (latest !== undefined && latest.kind === "resize" && latest.start <= at) return true;
  const takes = (change: ServerChange): boolean => change.sizeAfter > at;
  const first = latest === undefined ? -1 : firstTaking(file, takes, latest);
  if (first === undefined) return false;
  for (let index = file.server.length - 1; index >= Math.max(0, first); index--) {
    const change = file.server[index] as ServerChange;
    if (change.sizeAfter <= at) return true;
    if (change.tick <= asked.noticed) return false;
  }
  return first < 0 && file.baseSize <= at;
}

function touchesSize(change: LocalChange, at: number): boolean {
  if (change.kind === "resize") return true;
  return change.kind === "write" && change.end > at && change.start >= 0;
}

/** Whether something later moved the end of the file beyond `at`, and has not left with refused bytes. */
function isGrownAgain(file: ModelFile, cut: LocalChange, at: number, asked: Asked): boolean {
  return file.locals.some((change) => {
    const grows = change.kind === "resize" ? change.start > at : change.kind === "write" && change.end > at;
    if (!grows || change.isVoid || change.ended >= asked.from || !isBefore(cut, change)) return false;
    return !mayHaveLeft(file, change, at, Number.POSITIVE_INFINITY, asked);
  });
}

function historyOf(file: ModelFile, at: number): string {
  const locals = file.locals
    .filter((change) => covers(change, at))
    .map(
      ({ kind, valueId, begun, ended, isVoid }) => `${kind} ${valueId} [${begun}, ${ended}]${isVoid ? " void" : ""}`,
    );
  const server = file.server
    .filter((change) => covers(change, at))
    .map(({ valueId, tick, local }) => `${valueId} at ${tick}${local === undefined ? " by others" : ""}`);
  const base = file.pattern.idOf(file.base[at] as number, at);
  return `local ${locals.join(", ") || "none"}; server ${server.join(", ") || "none"}; base ${base}`;
}
