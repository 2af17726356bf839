/** A failing script made smaller, written to a file that can be played again, and told as a person would want it. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Operation } from "../operation.ts";
import type { RunReport } from "../simulated-run.ts";
import { playScript } from "./play-seed.ts";
import type { SeedFailure } from "./seed-work.ts";
import { shrink, signatureOf } from "./shrink.ts";

const triesMax = 3_000;
const shrinkMsMax = 90_000;
const timelineLinesMax = 120;

/** What is written to a file: enough to play it again. */
export interface RecordedFailure {
  readonly seed: number;
  readonly message: string;
  readonly script: readonly Operation[];
}

export interface ShrunkFailure extends RecordedFailure {
  readonly operationsBefore: number;
  readonly isMinimal: boolean;
  readonly path: string;
  readonly report: RunReport;
}

/** Leaves out what the failure does not need; a seed that never ends is left as it is. */
export async function shrinkFailure(
  failed: SeedFailure,
  directory: string,
  canBePlayed: boolean,
): Promise<ShrunkFailure> {
  const { seed } = failed;
  const signature = signatureOf(failed.failure.message);
  const deadline = performance.now() + shrinkMsMax;
  const stillFails = async (script: readonly Operation[]): Promise<boolean> => {
    if (performance.now() > deadline) return false;
    const { failure } = await playScript(seed, script, {});
    return failure !== undefined && signatureOf(failure.message) === signature;
  };
  const shrunk = canBePlayed
    ? await shrink(failed.script, stillFails, triesMax)
    : { script: failed.script, isMinimal: false };
  const report = canBePlayed ? await playScript(seed, shrunk.script, { keepsTrace: true }) : unplayed(failed);
  const message = report.failure?.message ?? failed.failure.message;
  const path = await record({ seed, message, script: shrunk.script }, directory);
  const isMinimal = shrunk.isMinimal && performance.now() <= deadline;
  return { seed, message, script: shrunk.script, operationsBefore: failed.script.length, isMinimal, path, report };
}

function unplayed({ seed, failure, script }: SeedFailure): RunReport {
  const none = { faults: {}, events: {}, outcomes: {}, transitions: {} };
  const nothing = { virtualMs: 0, traceHash: "", trace: [], choiceCount: 0, interleaving: "" };
  return { seed, failure, operationCount: script.length, ...none, ...nothing };
}

async function record(failure: RecordedFailure, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, `seed-${failure.seed}.json`);
  const entries = failure.script.map((entry) => `    ${JSON.stringify(entry)}`).join(",\n");
  const { seed, message } = failure;
  const text = `{\n  "seed": ${seed},\n  "message": ${JSON.stringify(message)},\n  "script": [\n${entries}\n  ]\n}\n`;
  await writeFile(path, text);
  return path;
}

/** Reads what `shrinkFailure` wrote. */
export async function readFailure(path: string): Promise<RecordedFailure> {
  const parsed = JSON.parse(await readFile(path, "utf8")) as Partial<RecordedFailure>;
  const { seed, message = "", script } = parsed;
  if (typeof seed !== "number" || !Array.isArray(script)) throw new Error(`${path} has no seed or no script in it`);
  return { seed, message, script };
}

/** The script, one entry a line. */
export function textOfScript(script: readonly Operation[]): string {
  return script.map((operation, at) => `${String(at).padStart(5)}  ${textOfOperation(operation)}`).join("\n");
}

function textOfOperation({ actor, kind, afterMs, ...parameters }: Operation): string {
  const who = actor < 0 ? "others" : `actor ${actor}`;
  const details = Object.entries(parameters).map(([name, value]) => `${name} ${String(value)}`);
  return [`${who}: ${kind}`, ...details, ...(afterMs > 0 ? [`after ${afterMs} ms`] : [])].join(", ");
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
