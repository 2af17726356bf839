/** Which lawful transitions were taken, and which never: a gap in what the simulation reaches. */
import { pageTransitions } from "../../../src/cache/page/page-state.ts";
import { writeRecordTransitions } from "../../../src/cache/writeback/write-record.ts";
import type { Tally } from "../simulated-run.ts";

/** Every lawful transition, by the name under which a run counts it: "page: clean dirtied dirty", "record: pending writing". */
export function lawfulTransitions(): string[] {
  const names: Set<string> = new Set();
  for (const [state, next] of Object.entries(pageTransitions)) {
    for (const [transition, to] of Object.entries(next)) names.add(`page: ${state} ${transition} ${to}`);
  }
  for (const [state, next] of Object.entries(writeRecordTransitions)) {
    for (const to of Object.values(next)) if (to !== state) names.add(`record: ${state} ${to}`);
  }
  return [...names];
}

export interface StateCoverage {
  readonly taken: readonly (readonly [transition: string, count: number])[];
  /** Lawful, and never taken. */
  readonly gaps: readonly string[];
}

export function coverageOf(transitions: Tally): StateCoverage {
  const counted = lawfulTransitions().map((name) => [name, transitions[name] ?? 0] as const);
  return {
    taken: counted.filter(([, count]) => count > 0),
    gaps: counted.filter(([, count]) => count === 0).map(([name]) => name),
  };
}
