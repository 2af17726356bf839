/** What `npm run simulate` was asked for: read from its arguments, or refused with one line that says what to do. */
import { parseArgs } from "node:util";
import { operationsByDefault } from "../simulated-run.ts";

export interface CampaignRequest {
  readonly kind: "campaign";
  readonly from: number;
  /** Undefined: as many as the time allows. */
  readonly seeds: number | undefined;
  readonly minutes: number | undefined;
  readonly operations: number;
  readonly workers: number | undefined;
  /** Whether a failing script is made smaller. */
  readonly shrinks: boolean;
  /** The directory that failing scripts are written to. */
  readonly failures: string;
  readonly isJson: boolean;
}

export interface ReplayRequest {
  readonly kind: "replay";
  /** A seed whose script is generated, or a file that a failure was written to. */
  readonly source: { readonly seed: number } | { readonly path: string };
  readonly operations: number;
  readonly isJson: boolean;
}

export type Request = CampaignRequest | ReplayRequest | { readonly kind: "help" };

export class UsageError extends Error {}

export const usage: string = `npm run simulate -- [OPTIONS]
  Plays seeded scripts of operations on the cache, over a faulty store and a virtual clock, and compares all with a model.

  --seeds N        how many seeds (default 1000)
  --minutes M      as many seeds as there is time for
  --from N         the first seed (default 1)
  --operations N   operations of a script (default ${operationsByDefault})
  --workers N      threads (default: one for each core)
  --whole          leaves the script of a failing seed as it is, instead of making it smaller
  --failures DIR   where the script of a failing seed is written to (default dist/simulation/failures)
  --seed N         plays one seed and prints its timeline
  --replay FILE    plays the script that a failure was written to, and prints its timeline
  --plant NAME     plants a mistake first, or each of them in turn with "all", and tells how many seeds find it
  --json           prints one JSON object

  Exit status: 0 when all went well, 1 when a seed failed, 2 when the arguments are wrong.`;

const seedMax = 0xffffffff;

export function parseCommandLine(argv: readonly string[]): Request {
  const values = parse(argv);
  if (values.help === true) return { kind: "help" };
  const operations = wholeNumber("operations", values.operations, 1, 100_000) ?? operationsByDefault;
  const isJson = values.json === true;
  if (values.replay !== undefined || values.seed !== undefined) {
    for (const name of ["seeds", "minutes", "from", "workers", "whole", "failures"] as const) {
      if (values[name] !== undefined)
        throw new UsageError(`--${name} is for many seeds: leave it out, or leave out --seed`);
    }
    const seed = wholeNumber("seed", values.seed, 0, seedMax);
    if (seed !== undefined && values.replay !== undefined) throw new UsageError("give either --seed or --replay");
    const source = seed === undefined ? { path: String(values.replay) } : { seed };
    return { kind: "replay", source, operations, isJson };
  }
  const minutes = positive("minutes", values.minutes);
  const seeds = wholeNumber("seeds", values.seeds, 1, seedMax);
  return {
    kind: "campaign",
    from: wholeNumber("from", values.from, 0, seedMax) ?? 1,
    seeds: seeds ?? (minutes === undefined ? 1000 : undefined),
    minutes,
    operations,
    workers: wholeNumber("workers", values.workers, 1, 1024),
    shrinks: values.whole !== true,
    failures: values.failures ?? "dist/simulation/failures",
    isJson,
  };
}

const options = {
  seeds: { type: "string" },
  minutes: { type: "string" },
  from: { type: "string" },
  operations: { type: "string" },
  workers: { type: "string" },
  seed: { type: "string" },
  replay: { type: "string" },
  whole: { type: "boolean" },
  failures: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean" },
} as const;

function parse(argv: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof options }>>["values"] {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false, strict: true }).values;
  } catch (thrown) {
    const said = thrown instanceof Error ? thrown.message : String(thrown);
    throw new UsageError(`${said.split(/\.\s|\n/)[0] ?? said}; see npm run simulate -- --help`);
  }
}

function wholeNumber(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`--${name} takes a whole number from ${min} to ${max}, not "${text}"`);
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`--${name} takes a number above 0, not "${text}"`);
}
