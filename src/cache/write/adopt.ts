/**
 * Writing without copying: whole frames that a device has already filled become the pages' frames, and the device gets
 * others in exchange. All or nothing: either every page takes its frame or no page does.
 */
import { assert, type ByteCount, type ByteOffset } from "../../base/index.ts";
import type { Credential } from "../../port/index.ts";
import type { FilePages } from "../space/file-pages.ts";
import { commitWrite } from "./commit.ts";
import { planWrite } from "./plan.ts";
import { mayWriteNow, noteDirtied } from "./write.ts";

/**
 * Writes `length` bytes that lie in `frames`, whole pages from a page boundary on. Answers `length`, with every frame in
 * `frames` replaced by another of the same size, or -1 with nothing changed.
 */
export function tryAdoptWrite(
  space: FilePages,
  position: ByteOffset,
  frames: Uint8Array[],
  length: ByteCount,
  credential: Credential,
): number {
  const pageSize = space.pageSize;
  const count = length / pageSize;
  if (!mayWriteNow(space, position, length)) return -1;
  if (position % pageSize !== 0 || !Number.isInteger(count) || count === 0 || count > frames.length) return -1;
  assert(frames[0]?.length === pageSize, "an adopted frame is as long as a page");
  const first = position / pageSize;
  const spare: Uint8Array[] = [];
  if (!takeSpares(space, spare, count) || !allReady(space, first, count, credential)) {
    for (const frame of spare) space.core.pool.give(frame);
    return -1;
  }
  for (let at = 0; at < count; at++) {
    const filled = frames[at] as Uint8Array;
    frames[at] = takeOver(space, first + at, filled, spare, credential);
  }
  for (const frame of spare) space.core.pool.give(frame);
  const end = position + length;
  if (end > space.size) space.setSize(end);
  space.noteModified();
  space.core.counters.writes += 1;
  space.core.counters.writtenBytes += length;
  noteDirtied(space, length);
  return length;
}

function takeSpares(space: FilePages, spare: Uint8Array[], count: number): boolean {
  while (spare.length < count) {
    const frame = space.core.tryTakeFrame();
    if (frame === undefined) return false;
    spare.push(frame);
  }
  return true;
}

function allReady(space: FilePages, first: number, count: number, credential: Credential): boolean {
  for (let index = first; index < first + count; index++) {
    const page = space.pages.get(index);
    const verdict = planWrite(page, 0, space.pageSize, credential.id, space.core.options.writeInFlight);
    if (verdict !== "modify" && verdict !== "create" && verdict !== "copyOnWrite") return false;
  }
  return true;
}

/** Gives the page the filled frame; answers the frame that the device gets for it. */
function takeOver(
  space: FilePages,
  index: number,
  filled: Uint8Array,
  spare: Uint8Array[],
  credential: Credential,
): Uint8Array {
  const present = space.pages.get(index);
  const page = present ?? space.insertPage(index, filled);
  let exchanged = page.frame;
  // A frozen frame belongs to its flight, and a held one to its reader: the device gets a spare one then.
  const frozen = page.isFrozen;
  if (present === undefined || frozen || page.holdCount > 0) exchanged = spare.pop() as Uint8Array;
  if (present !== undefined && !frozen && page.holdCount > 0) space.leftFrames.give(page, page.frame);
  page.frame = filled;
  commitWrite(space, page, 0, space.pageSize, credential);
  space.visitedByWrite(page);
  return exchanged;
}
