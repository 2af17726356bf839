/** What many runs came to, added up; a worker sends its own now and then, and they are added up again. */
import type { RunReport, Tally } from "../simulated-run.ts";

/** So many interleavings are remembered, and one more to tell that there are more: a run of days must not fill the memory. */
export const interleavingsMax: number = 1_000_000;

export interface Totals {
  seedCount: number;
  operationCount: number;
  choiceCount: number;
  virtualMs: number;
  /** Seeds that were played twice, and came out the same. */
  replayCount: number;
  readonly faults: Record<string, number>;
  readonly events: Record<string, number>;
  readonly outcomes: Record<string, number>;
  readonly transitions: Record<string, number>;
  /** The different orders of turns that were played, as hashes. */
  readonly interleavings: Set<string>;
}

export function noTotals(): Totals {
  return {
    seedCount: 0,
    operationCount: 0,
    choiceCount: 0,
    virtualMs: 0,
    replayCount: 0,
    faults: {},
    events: {},
    outcomes: {},
    transitions: {},
    interleavings: new Set(),
  };
}

export function addReport(totals: Totals, report: RunReport): void {
  totals.seedCount += 1;
  totals.operationCount += report.operationCount;
  totals.choiceCount += report.choiceCount;
  totals.virtualMs += report.virtualMs;
  addTallies(totals, report);
  addInterleaving(totals, report.interleaving);
}

export function addTotals(totals: Totals, more: Totals): void {
  totals.seedCount += more.seedCount;
  totals.operationCount += more.operationCount;
  totals.choiceCount += more.choiceCount;
  totals.virtualMs += more.virtualMs;
  totals.replayCount += more.replayCount;
  addTallies(totals, more);
  for (const interleaving of more.interleavings) addInterleaving(totals, interleaving);
}

function addInterleaving({ interleavings }: Totals, interleaving: string): void {
  if (interleavings.size <= interleavingsMax) interleavings.add(interleaving);
}

function addTallies(totals: Totals, more: Pick<RunReport, "faults" | "events" | "outcomes" | "transitions">): void {
  addTally(totals.faults, more.faults);
  addTally(totals.events, more.events);
  addTally(totals.outcomes, more.outcomes);
  addTally(totals.transitions, more.transitions);
}

function addTally(tally: Record<string, number>, more: Tally): void {
  for (const [name, count] of Object.entries(more)) tally[name] = (tally[name] ?? 0) + count;
}
