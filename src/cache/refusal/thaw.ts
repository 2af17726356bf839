/**
 * What ends the frozen state of a refused part. `thaw` is for bytes that are kept elsewhere by now; `park` is for those that
 * are not: the page stays, readable, neither dirty nor in flight, with its frame frozen.
 */
import { assert, type ByteRanges } from "../../base/index.ts";
import type { FilePages } from "../space/file-pages.ts";
import { endSending, releaseFrozenFrame } from "../writeback/land.ts";
import type { RefusedPart } from "./refusal.ts";

/** Ends the part; answers its bytes that the page still shows: not those written since, nor cut. */
export function thaw(space: FilePages, part: RefusedPart): ByteRanges {
  const { page, sending } = part;
  part.hasLeft = true;
  if (page.sending === sending) {
    part.shown = sending.ranges.except(page.dirty);
    endFlight(space, part);
  } else {
    unpark(space, part);
  }
  releaseFrozenFrame(space, page, sending, part.late);
  return part.shown;
}

/** The bytes are refused and could not be rescued: they stay where they are. */
export function park(space: FilePages, part: RefusedPart): void {
  const { page, sending } = part;
  part.shown = sending.ranges.except(page.dirty);
  endFlight(space, part);
  page.unrescued = [...(page.unrescued ?? []), part];
  space.unrescuedChanged(1, sending.ranges.byteCount);
}

function endFlight(space: FilePages, { page, sending }: RefusedPart): void {
  endSending(space, page);
  page.transition("refused");
  sending.record.releasePage();
}

function unpark(space: FilePages, part: RefusedPart): void {
  const { page, sending } = part;
  assert(page.unrescued?.includes(part) === true, "S0.18: a part is excised once");
  const others = page.unrescued.filter((other) => other !== part);
  page.unrescued = others.length === 0 ? null : others;
  space.unrescuedChanged(-1, -sending.ranges.byteCount);
}
