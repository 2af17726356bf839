/** Which lawful transitions were taken, and which never: a gap in what the simulation reaches. */
import { pageTransitions } from "../../../src/cache/page/page-state.ts";
import type { WriteRecordState } from "../../../src/cache/writeback/write-record.ts";
import type { Tally } from "../simulated-run.ts";

/** As drawn at the head of src/cache/writeback/write-record.ts; a record is complete as soon as its last page leaves it. */
const recordTransitions: Readonly<Record<WriteRecordState, readonly WriteRecordState[]>> = {
  pending: ["conflicting", "writing", "complete"],
  conflicting: ["writing", "complete"],
  writing: ["complete"],
  complete: [],
};

/** Every lawful transition, by the name under which a run counts it. */
export function lawfulTransitions(): string[] {
  const names: string[] = [];
  for (const [from, transitions] of Object.entries(pageTransitions)) {
    for (const [transition, to] of Object.entries(transitions)) names.push(`page: ${from} ${transition} ${to}`);
  }
  for (const [from, ends] of Object.entries(recordTransitions)) {
    for (const to of ends) names.push(`record: ${from} ${to}`);
  }
  return names;
}

export interface StateCoverage {
  readonly taken: readonly (readonly [transition: string, count: number])[];
  /** Lawful, and never taken. */
  readonly gaps: readonly string[];
  /** Taken, and not in the tables: a mistake of ours. */
  readonly unlawful: readonly string[];
}

export function coverageOf(transitions: Tally): StateCoverage {
  const lawful = lawfulTransitions();
  const counted = lawful.map((name) => [name, transitions[name] ?? 0] as const);
  return {
    taken: counted.filter(([, count]) => count > 0),
    gaps: counted.filter(([, count]) => count === 0).map(([name]) => name),
    unlawful: Object.keys(transitions).filter((name) => /^(page|record): /.test(name) && !lawful.includes(name)),
  };
}
