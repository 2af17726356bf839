/** Draining: everything dirty is sent and made durable, with progress while it takes long, and a deadline. */
import { Failure, failureFrom } from "../../base/index.ts";
import type { Volume } from "../../files/index.ts";
import { superuser } from "../../port/index.ts";

const progressMs = 1000;

function dirtyBytesOf(volume: Volume): number {
  return volume.snapshot().dirtyFiles.reduce((sum, file) => sum + file.dirtyBytes, 0);
}

export interface DrainOptions {
  readonly timeoutMs: number;
  /** Fires when somebody does not want to wait any longer. */
  readonly signal: AbortSignal;
  readonly progress: (dirtyBytes: number) => void;
}

/**
 * Sends everything; answers with the failure when something could not be delivered, or not in time, or when refused bytes are
 * in memory only. A failure that is told although nothing is dirty any more is an old one that nobody had heard of: a second
 * look says how things stand now.
 */
export async function drain(volume: Volume, options: DrainOptions): Promise<Failure | undefined> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(Math.ceil(options.timeoutMs))]);
  const ticker = setInterval(() => options.progress(dirtyBytesOf(volume)), progressMs);
  try {
    const failure = await syncOnce(volume, signal);
    const isOld = failure !== undefined && dirtyBytesOf(volume) === 0;
    return (isOld ? await syncOnce(volume, signal) : failure) ?? unrescuedFailure(volume);
  } finally {
    clearInterval(ticker);
  }
}

/** The newest refusal whose bytes are in memory only. */
function unrescuedFailure(volume: Volume): Failure | undefined {
  const refusal = volume.refusals().findLast(({ outcome }) => outcome === "unrescued");
  if (refusal === undefined) return undefined;
  const { path, rescueFailure, failure } = refusal;
  const detail = `refused, and rescue failed: ${rescueFailure?.message}`;
  return new Failure(failure.code, { syscall: "sync", path, detail, cause: failure });
}

async function syncOnce(volume: Volume, signal: AbortSignal): Promise<Failure | undefined> {
  let giveUp = (): void => {};
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = () => reject(new Failure("ETIMEDOUT", { syscall: "sync", detail: "the drain was cut short" }));
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });
  try {
    await Promise.race([volume.sync({ credential: superuser, signal }), givenUp]);
    return undefined;
  } catch (thrown) {
    return failureFrom(thrown, { syscall: "sync" });
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
