/** A failing script made smaller, written to a file that can be played again, and told as a person would want it. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nameOfActor, type Operation } from "../operation.ts";
import type { RunReport } from "../simulated-run.ts";
import { playScript } from "./play-seed.ts";
import type { SeedFailure } from "./seed-work.ts";
import { shrink, signatureOf } from "./shrink.ts";

const triesMax = 3_000;
const shrinkMsMax = 90_000;
/** In how many orders of turns a smaller script is tried: what is left out changes the order, too. */
const schedulesTried = 8;
const timelineLinesMax = 120;

/** What is written to a file: enough to play it again. */
export interface RecordedFailure {
  readonly seed: number;
  readonly schedule: number;
  readonly message: string;
  readonly script: readonly Operation[];
}

export interface ReportedFailure extends RecordedFailure {
  readonly operationsBefore: number;
  readonly isMinimal: boolean;
  readonly path: string;
  readonly report: RunReport;
}

/** Leaves out what the failure does not need, if that is wanted; a seed that never ends is not played again. */
export async function reportFailure(
  failed: SeedFailure,
  directory: string,
  canBePlayed: boolean,
  shrinks: boolean,
): Promise<ReportedFailure> {
  const { seed, failure, script: whole } = failed;
  const { script, schedule, isMinimal } =
    canBePlayed && shrinks ? await new Shrinking(failed).done() : { script: whole, schedule: 0, isMinimal: false };
  const report = canBePlayed ? await playScript(seed, script, { schedule, keepsTrace: true }) : unplayed(failed);
  const message = report.failure?.message ?? failure.message;
  const path = await record({ seed, schedule, message, script }, directory);
  return { seed, schedule, message, script, operationsBefore: whole.length, isMinimal, path, report };
}

/** First with the order of turns as it was, then with others for what would not become smaller. */
class Shrinking {
  readonly #failed: SeedFailure;
  readonly #signature: string;
  readonly #deadlineMs = performance.now() + shrinkMsMax;
  #schedule = 0;

  constructor(failed: SeedFailure) {
    this.#failed = failed;
    this.#signature = signatureOf(failed.failure.message);
  }

  async done(): Promise<{ script: readonly Operation[]; schedule: number; isMinimal: boolean }> {
    const asItWas = await shrink(this.#failed.script, (script) => this.#failsIn(script, this.#schedule), triesMax);
    const { script, isMinimal } = await shrink(asItWas.script, (smaller) => this.#failsSomehow(smaller), triesMax);
    return { script, schedule: this.#schedule, isMinimal: isMinimal && performance.now() < this.#deadlineMs };
  }

  async #failsSomehow(script: readonly Operation[]): Promise<boolean> {
    for (let each = 0; each < schedulesTried; each++) {
      const schedule = (this.#schedule + each) % schedulesTried;
      if (!(await this.#failsIn(script, schedule))) continue;
      this.#schedule = schedule;
      return true;
    }
    return false;
  }

  async #failsIn(script: readonly Operation[], schedule: number): Promise<boolean> {
    if (performance.now() > this.#deadlineMs) return false;
    const { failure } = await playScript(this.#failed.seed, script, { schedule });
    return failure !== undefined && signatureOf(failure.message) === this.#signature;
  }
}

function unplayed({ seed, failure, script }: SeedFailure): RunReport {
  const none = { faults: {}, events: {}, outcomes: {}, transitions: {} };
  const nothing = { virtualMs: 0, traceHash: "", trace: [], choiceCount: 0, interleaving: "" };
  return { seed, failure, operationCount: script.length, ...none, ...nothing };
}

async function record(failure: RecordedFailure, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, `seed-${failure.seed}.json`);
  const { script, ...rest } = failure;
  const head = Object.entries(rest).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`);
  const entries = script.map((entry) => `    ${JSON.stringify(entry)}`).join(",\n");
  await writeFile(path, `{\n${head.join("")}  "script": [\n${entries}\n  ]\n}\n`);
  return path;
}

/** Reads what `reportFailure` wrote. */
export async function readFailure(path: string): Promise<RecordedFailure> {
  const parsed = JSON.parse(await readFile(path, "utf8")) as Partial<RecordedFailure>;
  const { seed, schedule = 0, message = "", script } = parsed;
  if (typeof seed !== "number" || !Array.isArray(script)) throw new Error(`${path} has no seed or no script in it`);
  return { seed, schedule, message, script };
}

/** The script, one entry a line. */
export function textOfScript(script: readonly Operation[]): string {
  return script.map((operation, at) => `${String(at).padStart(5)}  ${textOfOperation(operation)}`).join("\n");
}

function textOfOperation({ actor, kind, afterMs, ...parameters }: Operation): string {
  const details = Object.entries(parameters).map(([name, value]) => `${name} ${String(value)}`);
  return [`${nameOfActor(actor)}: ${kind}`, ...details, ...(afterMs > 0 ? [`after ${afterMs} ms`] : [])].join(", ");
}

/** The last lines of a timeline, or all of them. */
export function textOfTimeline({ trace }: RunReport, linesMax: number = timelineLinesMax): string {
  const shown = trace.slice(-linesMax);
  const lines = shown.map(
    ({ virtualMs, actor, what }) => `${virtualMs.toFixed(1).padStart(10)} ms  ${actor.padEnd(10)}  ${what}`,
  );
  if (shown.length < trace.length) lines.unshift(`      ... ${trace.length - shown.length} lines before these`);
  return lines.join("\n");
}
