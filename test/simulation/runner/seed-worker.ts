/** A thread that takes one seed after the other, plays it, and tells what it came to. */
import { parentPort, workerData } from "node:worker_threads";
import { generateScript } from "../simulated-run.ts";
import { isSameRun, playScript } from "./play-seed.ts";
import { control, type SeedWork, type WorkerMessage } from "./seed-work.ts";
import { addReport, noTotals } from "./totals.ts";

const tellEveryMs = 250;
/** One seed in so many is played twice. */
const replayEvery = 64;

// Failures are what a simulation is made of; where one was made is looked at when a failing seed is played again.
Error.stackTraceLimit = 0;

const work = workerData as SeedWork;
const place = control.playing + work.worker;
let totals = noTotals();
let toldAtMs = performance.now();

function say(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

function tellTotals(): void {
  say({ kind: "totals", totals });
  totals = noTotals();
  toldAtMs = performance.now();
}

/** Answers whether all went well. */
async function play(seed: number): Promise<boolean> {
  const { operations } = work;
  const script = generateScript(seed, { operations });
  const report = await playScript(seed, script, { operations });
  addReport(totals, report);
  let { failure } = report;
  if (failure === undefined && seed % replayEvery === 0) {
    const again = await playScript(seed, script, { operations });
    if (isSameRun(report, again)) totals.replayCount += 1;
    else failure = { message: "played again, the seed comes out otherwise", stack: undefined, step: script.length };
  }
  if (failure !== undefined) say({ kind: "failed", failed: { seed, failure, script } });
  return failure === undefined;
}

for (;;) {
  if (Atomics.load(work.control, control.stop) !== 0) break;
  const serial = Atomics.add(work.control, control.handedOut, 1);
  if (work.seeds !== undefined && serial >= work.seeds) break;
  Atomics.store(work.control, place, serial + 1);
  const isRight = await play(work.from + serial);
  if (!isRight) Atomics.store(work.control, control.stop, 1);
  if (performance.now() - toldAtMs > tellEveryMs) tellTotals();
}
Atomics.store(work.control, place, 0);
tellTotals();
