/** What the main thread and the threads that play seeds share. */
import type { Operation } from "../operation.ts";
import type { RunFailure } from "../simulated-run.ts";
import type { Totals } from "./totals.ts";

/** What a thread is started with. */
export interface SeedWork {
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly worker: number;
  readonly from: number;
  /** Undefined: until told to stop. */
  readonly seeds: number | undefined;
  readonly operations: number;
}

/** Places in the control array: seeds are handed out in order, so all before a failing one have been played at the end. */
export const control = {
  /** How many seeds were handed out. */
  handedOut: 0,
  /** Not zero: no seed more is begun. */
  stop: 1,
  /** From here on, for each thread: how many seeds had been handed out when it got the one that it plays, or 0. */
  playing: 2,
} as const;

export interface SeedFailure {
  readonly seed: number;
  readonly failure: RunFailure;
  readonly script: readonly Operation[];
}

/** What a thread says. */
export type WorkerMessage =
  | { readonly kind: "totals"; readonly totals: Totals }
  | { readonly kind: "failed"; readonly failed: SeedFailure };
