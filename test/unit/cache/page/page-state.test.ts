/** The life of a page: every lawful transition of the table, and that every other one throws. */
import { describe, expect, test } from "vitest";
import { AssertionFailure } from "../../../../src/base/index.ts";
import {
  nextPageState,
  type PageState,
  type PageTransition,
  pageTransitions,
} from "../../../../src/cache/page/page-state.ts";

const lawful: readonly (readonly [PageState, PageTransition, PageState])[] = [
  ["empty", "filled", "clean"],
  ["empty", "dirtied", "dirty"],
  ["empty", "removed", "removed"],
  ["clean", "filled", "clean"],
  ["clean", "dirtied", "dirty"],
  ["clean", "removed", "removed"],
  ["dirty", "filled", "dirty"],
  ["dirty", "issued", "inFlight"],
  ["dirty", "discarded", "clean"],
  ["dirty", "removed", "removed"],
  ["inFlight", "filled", "inFlight"],
  ["inFlight", "dirtied", "inFlightDirty"],
  ["inFlight", "accepted", "clean"],
  ["inFlight", "failed", "dirty"],
  ["inFlight", "refused", "clean"],
  ["inFlightDirty", "filled", "inFlightDirty"],
  ["inFlightDirty", "accepted", "dirty"],
  ["inFlightDirty", "failed", "dirty"],
  ["inFlightDirty", "refused", "dirty"],
];
const transitions: readonly PageTransition[] = [
  "filled",
  "dirtied",
  "issued",
  "accepted",
  "failed",
  "refused",
  "discarded",
  "removed",
];

describe("the states of a page", () => {
  test.each(lawful)("[S1.6] a page that is %s and is %s becomes %s", (state, transition, next) => {
    expect(nextPageState(state, transition)).toBe(next);
  });

  test("[S1.6] [S0.33] every transition that is not lawful throws", () => {
    let unlawful = 0;
    for (const state of Object.keys(pageTransitions) as PageState[]) {
      for (const transition of transitions) {
        if (lawful.some(([from, by]) => from === state && by === transition)) continue;
        unlawful += 1;
        expect(() => nextPageState(state, transition), `${state}, ${transition}`).toThrow(AssertionFailure);
      }
    }
    expect(unlawful).toBe(6 * transitions.length - lawful.length);
  });
});
