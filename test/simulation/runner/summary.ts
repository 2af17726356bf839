/** What a campaign came to, as text and as plain data. */
import { openSlots, operationsByDefault, type Tally } from "../simulated-run.ts";
import type { CampaignResult } from "./campaign.ts";
import type { ReportedFailure } from "./failure-report.ts";
import { textOfScript, textOfTimeline } from "./failure-report.ts";
import { coverageOf } from "./state-coverage.ts";
import { interleavingsMax } from "./totals.ts";

const count = (value: number): string => Math.round(value).toLocaleString("en-US");

/** Seeds a minute by the clock, and as many as the cores would do if nobody else used them. */
function ratesOf({ totals, elapsedMs, processorMs, workerCount }: CampaignResult): {
  byClock: number;
  byProcessor: number;
} {
  const byClock = (totals.seedCount / elapsedMs) * 60_000;
  return { byClock, byProcessor: (totals.seedCount / processorMs) * 60_000 * workerCount };
}

function textOfTally(title: string, tally: Tally): string {
  const entries = Object.entries(tally).sort(([, one], [, other]) => other - one);
  const lines = entries.map(([name, times]) => `  ${count(times).padStart(12)}  ${name}`);
  return [`${title}:`, ...(lines.length === 0 ? ["  none"] : lines)].join("\n");
}

function textOfCoverage(transitions: Tally): string {
  const { taken, gaps } = coverageOf(transitions);
  const lines = taken.map(([name, times]) => `  ${count(times).padStart(12)}  ${name}`);
  for (const name of gaps) lines.push(`         never  ${name}  <- a gap`);
  return [`transitions (${taken.length} of ${taken.length + gaps.length} lawful ones taken):`, ...lines].join("\n");
}

export function textOfCampaign(result: CampaignResult): string {
  const { totals, elapsedMs, processorMs, workerCount } = result;
  const { byClock, byProcessor } = ratesOf(result);
  const seconds = (elapsedMs / 1000).toFixed(1);
  const processorSeconds = (processorMs / 1000).toFixed(1);
  const { size } = totals.interleavings;
  const interleavings = size > interleavingsMax ? `more than ${count(interleavingsMax)}` : count(size);
  return [
    `${count(totals.seedCount)} seeds, ${count(totals.operationCount)} operations, ${count(totals.choiceCount)} choices`,
    `${seconds} s, ${processorSeconds} s of the processor, ${workerCount} threads`,
    `${count(byClock)} seeds a minute (${count(byClock / 60)} a second); with all cores free: ${count(byProcessor)} a minute`,
    `${interleavings} distinct interleavings; ${count(totals.virtualMs / 1000)} s of virtual time`,
    `${count(totals.replayCount)} seeds were played twice and came out the same`,
    textOfTally("faults injected", totals.faults),
    textOfTally("events", totals.events),
    textOfTally("what operations came to", totals.outcomes),
    textOfCoverage(totals.transitions),
    ...openSlots.map(({ slot, reason }) => `not simulated yet: ${slot} (${reason})`),
  ].join("\n");
}

export function textOfFailure(failed: ReportedFailure, replayCommand: string): string {
  const { seed, message, script, operationsBefore, isMinimal, report } = failed;
  const operations = operationsBefore === operationsByDefault ? "" : ` --operations ${operationsBefore}`;
  const size = `${script.length} of ${operationsBefore} operations${isMinimal ? "" : " (it may become smaller yet)"}`;
  return [
    `SEED ${seed} FAILS: ${message}`,
    ...(report.failure?.stack === undefined ? [] : [report.failure.stack]),
    `\nneeds ${size}:`,
    textOfScript(script),
    "\ntimeline:",
    textOfTimeline(report),
    `\nplay it again: ${replayCommand} --seed ${seed}${operations}`,
    `the small script alone: ${replayCommand} --replay ${failed.path}`,
  ].join("\n");
}

/** The same as the texts say, for programs. */
export function dataOfCampaign(from: number, result: CampaignResult, failed: ReportedFailure | undefined): object {
  const { totals, elapsedMs, processorMs, workerCount } = result;
  const { interleavings, ...counts } = totals;
  const { byClock, byProcessor } = ratesOf(result);
  return {
    from,
    ...counts,
    distinctInterleavings: Math.min(interleavings.size, interleavingsMax),
    hasMoreInterleavings: interleavings.size > interleavingsMax,
    elapsedMs: Math.round(elapsedMs),
    processorMs: Math.round(processorMs),
    workerCount,
    seedsPerMinute: Math.round(byClock),
    seedsPerMinuteWithFreeCores: Math.round(byProcessor),
    transitionsNeverTaken: coverageOf(totals.transitions).gaps,
    notSimulated: openSlots,
    failure: failed,
  };
}
