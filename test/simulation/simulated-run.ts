/**
 * One seeded run of the simulation: a script of operations, made from a seed, is played by several actors on a real volume
 * over a faulty store and a virtual clock, and compared with the model (test/model). Same seed and script, same run, to the
 * byte; a script is plain data, so that a failing one can be made smaller by leaving entries out.
 */
import type { Operation } from "./operation.ts";

export interface RunOptions {
  /** How many operations a generated script has. Default: 200. */
  readonly operations?: number;
  /** Whether `trace` is kept; `traceHash` is made in any case. Default: false. */
  readonly keepsTrace?: boolean;
}

/** One line of the timeline. */
export interface TraceEntry {
  readonly virtualMs: number;
  /** "actor 2", "store", "others", "cache": who did it. */
  readonly actor: string;
  readonly what: string;
}

export interface RunFailure {
  readonly message: string;
  readonly stack: string | undefined;
  /** How many operations of the script had begun. */
  readonly step: number;
}

/** How often each thing happened, by name. */
export type Tally = Readonly<Record<string, number>>;

export interface RunReport {
  readonly seed: number;
  /** Undefined when all went as the model says. */
  readonly failure: RunFailure | undefined;
  readonly operationCount: number;
  readonly virtualMs: number;
  /** Of every entry of the timeline, kept or not. */
  readonly traceHash: string;
  readonly trace: readonly TraceEntry[];
  /** Faults that the store and other clients caused, by kind. */
  readonly faults: Tally;
  /** Events that the volume emitted, by kind. */
  readonly events: Tally;
  /** What the operations came to: "write ok", "fsync EIO". */
  readonly outcomes: Tally;
  /** Transitions taken, as "page: clean dirtied dirty", "record: pending writing". */
  readonly transitions: Tally;
  /** How many choices the scheduler had to make, and a hash of what it chose. */
  readonly choiceCount: number;
  readonly interleaving: string;
}

/** What of issue-listed behaviour has no machinery to be simulated on yet, and why. Printed, so that nothing is skipped silently. */
export const openSlots: readonly { readonly slot: string; readonly reason: string }[] = [];

export function generateScript(seed: number, options: RunOptions = {}): Operation[] {
  void seed;
  void options;
  return [];
}

export async function runScript(
  seed: number,
  script: readonly Operation[],
  options: RunOptions = {},
): Promise<RunReport> {
  void options;
  return {
    seed,
    failure: undefined,
    operationCount: script.length,
    virtualMs: 0,
    traceHash: "",
    trace: [],
    faults: {},
    events: {},
    outcomes: {},
    transitions: {},
    choiceCount: 0,
    interleaving: "",
  };
}
