/**
 * Plays many seeds on all cores, until they are done, the time is over, or one fails. A thread that says nothing more (it
 * goes round without end, or has no memory left) is a failure of the seed that it was playing.
 */
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { generateScript } from "../simulated-run.ts";
import type { CampaignRequest } from "./command-line.ts";
import { control, type SeedFailure, type SeedWork, type WorkerMessage } from "./seed-work.ts";
import { addTotals, noTotals, type Totals } from "./totals.ts";

const seedMsMax = 60_000;
const lookEveryMs = 1_000;
/** What a seed leaves behind is dead when it is over: with room for it, hardly anything is copied. */
const resourceLimits = { maxYoungGenerationSizeMb: 64 };

export interface CampaignResult {
  readonly totals: Totals;
  /** Of the lowest seed that failed. */
  readonly failed: SeedFailure | undefined;
  readonly elapsedMs: number;
  /** Of the processor, all threads together. */
  readonly processorMs: number;
  readonly workerCount: number;
}

export async function runCampaign(
  request: CampaignRequest,
  progressed: (totals: Totals, elapsedMs: number) => void,
): Promise<CampaignResult> {
  const workerCount = request.workers ?? availableParallelism();
  const startedMs = performance.now();
  const startedProcessor = process.cpuUsage();
  const campaign = new Campaign(request, workerCount);
  const watch = setInterval(() => {
    campaign.look();
    progressed(campaign.totals, performance.now() - startedMs);
  }, lookEveryMs);
  const timer = request.minutes === undefined ? undefined : setTimeout(() => campaign.stop(), request.minutes * 60_000);
  await campaign.ended();
  clearInterval(watch);
  clearTimeout(timer);
  const { user, system } = process.cpuUsage(startedProcessor);
  return {
    totals: campaign.totals,
    failed: campaign.failed,
    elapsedMs: performance.now() - startedMs,
    processorMs: (user + system) / 1000,
    workerCount,
  };
}

class Campaign {
  readonly totals: Totals = noTotals();
  failed: SeedFailure | undefined;
  readonly #request: CampaignRequest;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #threads: Thread[];

  constructor(request: CampaignRequest, workerCount: number) {
    this.#request = request;
    this.#control = new Int32Array(new SharedArrayBuffer(4 * (control.playing + workerCount)));
    this.#threads = Array.from({ length: workerCount }, (_, worker) => this.#start(worker));
  }

  stop(): void {
    Atomics.store(this.#control, control.stop, 1);
  }

  async ended(): Promise<void> {
    await Promise.all(this.#threads.map(({ exited }) => exited));
  }

  /** Ends threads that play one seed for too long. */
  look(): void {
    for (const thread of this.#threads) {
      const playing = this.#playing(thread);
      if (playing !== thread.playing) thread.playingSinceMs = performance.now();
      thread.playing = playing;
      if (playing === 0 || performance.now() - thread.playingSinceMs < seedMsMax) continue;
      this.#lost(thread, `no end after ${seedMsMax / 1000} s`);
      void thread.worker.terminate();
    }
  }

  #start(index: number): Thread {
    const { from, seeds, operations } = this.#request;
    const workerData: SeedWork = { control: this.#control, worker: index, from, seeds, operations };
    const worker = new Worker(new URL("./seed-worker.js", import.meta.url), { workerData, resourceLimits });
    const exited = once(worker, "exit").then(() => undefined);
    const thread: Thread = { index, worker, exited, playing: 0, playingSinceMs: performance.now() };
    worker.on("message", (message: WorkerMessage) => {
      if (message.kind === "totals") addTotals(this.totals, message.totals);
      else this.#fail(message.failed);
    });
    worker.on("error", (error) => this.#lost(thread, error.stack ?? error.message));
    return thread;
  }

  #playing({ index }: { readonly index: number }): number {
    return Atomics.load(this.#control, control.playing + index);
  }

  /** The seed that a thread was playing when it was lost has failed. */
  #lost(thread: Thread, message: string): void {
    const seed = this.#request.from + Math.max(0, this.#playing(thread) - 1);
    const { operations } = this.#request;
    const script = generateScript(seed, { operations });
    this.#fail({ seed, failure: { message, stack: undefined, step: script.length }, script });
    this.stop();
  }

  #fail(failed: SeedFailure): void {
    if (this.failed === undefined || failed.seed < this.failed.seed) this.failed = failed;
  }
}

interface Thread {
  readonly index: number;
  readonly worker: Worker;
  readonly exited: Promise<void>;
  /** What the thread's place in the control array was when last looked at, and since when. */
  playing: number;
  playingSinceMs: number;
}
