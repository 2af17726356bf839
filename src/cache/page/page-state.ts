/**
 * The life of a page as a table that is checked at every transition.
 *
 *            filled                    issued
 *   empty ----------> clean     dirty ---------> inFlight --- dirtied ---> inFlightDirty
 *     |                ^ |        ^ ^               |  |                        |
 *     |    discarded   | |dirtied | |    failed     |  | accepted               | accepted, failed
 *     |     (dirty)    | +--------+ +---------------+  +--> clean               +--> dirty
 *     +--- dirtied ----|----------^
 *   inFlight --- refused ---> clean      inFlightDirty --- refused ---> dirty
 *   empty, clean, dirty --- removed ---> removed
 *
 * | transition | performed by |
 * |---|---|
 * | filled    | `FillBatch.#finish` (read/fill-batch.ts), `gather` (read/fill.ts), `fillNow` (read/fill-now.ts) |
 * | dirtied   | `commitWrite` (write/commit.ts) |
 * | issued    | `freezePage` (writeback/issue.ts) |
 * | accepted, failed | `collectFlight` (writeback/collect.ts) |
 * | refused | `thaw`, `park` (refusal/thaw.ts) |
 * | discarded | `FilePages.discardDirty` (space/file-pages.ts) |
 * | removed   | `FilePages.removePage` (space/file-pages.ts) |
 */
import { AssertionFailure } from "../../base/index.ts";

export type PageState = "empty" | "clean" | "dirty" | "inFlight" | "inFlightDirty" | "removed";
export type PageTransition =
  | "filled"
  | "dirtied"
  | "issued"
  | "accepted"
  | "failed"
  | "refused"
  | "discarded"
  | "removed";

/** Every lawful transition; what is not listed is a mistake of ours. */
export const pageTransitions: Readonly<Record<PageState, Partial<Record<PageTransition, PageState>>>> = {
  empty: { filled: "clean", dirtied: "dirty", removed: "removed" },
  clean: { filled: "clean", dirtied: "dirty", removed: "removed" },
  dirty: { filled: "dirty", issued: "inFlight", discarded: "clean", removed: "removed" },
  inFlight: { filled: "inFlight", dirtied: "inFlightDirty", accepted: "clean", failed: "dirty", refused: "clean" },
  inFlightDirty: {
    filled: "inFlightDirty",
    accepted: "dirty",
    failed: "dirty",
    refused: "dirty",
  },
  removed: {},
};

/** The state after a transition; throws on one that the table does not allow. */
export function nextPageState(state: PageState, transition: PageTransition): PageState {
  const next = pageTransitions[state][transition];
  if (next === undefined) throw new AssertionFailure(`a page that is ${state} cannot be ${transition}`);
  return next;
}
