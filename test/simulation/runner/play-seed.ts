/** Plays one script, and takes for a failure also what the run itself cannot see: a rejection that nobody handled. */
import { setImmediate } from "node:timers/promises";
import type { Operation } from "../operation.ts";
import { type RunOptions, type RunReport, runScript } from "../simulated-run.ts";

export async function playScript(seed: number, script: readonly Operation[], options: RunOptions): Promise<RunReport> {
  let unhandled: Error | undefined;
  const note = (reason: unknown): void => {
    unhandled ??= reason instanceof Error ? reason : new Error(String(reason));
  };
  process.on("unhandledRejection", note);
  try {
    const report = await runScript(seed, script, options);
    await setImmediate();
    if (report.failure !== undefined || unhandled === undefined) return report;
    const message = `a rejection that nobody handles: ${unhandled.message}`;
    return { ...report, failure: { message, stack: unhandled.stack, step: script.length } };
  } finally {
    process.off("unhandledRejection", note);
  }
}

/** Whether two runs of one script were the same, to the byte. */
export function isSameRun(one: RunReport, other: RunReport): boolean {
  return (
    one.traceHash === other.traceHash &&
    one.interleaving === other.interleaving &&
    one.virtualMs === other.virtualMs &&
    one.failure?.message === other.failure?.message
  );
}
