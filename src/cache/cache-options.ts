/** How a cache is set, and what settings are refused. */
import { type ByteCount, type Clock, Failure, systemClock } from "../base/index.ts";
import type { PlatformMemory } from "./page/frame-blocks.ts";
import { readaheadBytesDefault } from "./read/readahead.ts";
import { completeRefusalOptions, type RefusalOptions } from "./refusal/policy.ts";
import type { WriteInFlight } from "./write/plan.ts";

export interface CacheOptions extends RefusalOptions {
  /** Bytes a page: a power of two from 4 KiB to 1 MiB. Default 64 KiB. */
  readonly pageSize: ByteCount;
  /** Memory for all frames, hard. Default 256 MiB, at least 16 pages. */
  readonly budgetBytes: ByteCount;
  /** Dirty memory above which write-back starts by itself. Default a quarter of the budget. */
  readonly dirtyBackgroundBytes: ByteCount;
  /** Dirty memory above which writers are held. Default half of the budget. */
  readonly dirtyLimitBytes: ByteCount;
  /** The largest read-ahead window. Default 128 KiB; 0 turns it off. */
  readonly readaheadBytesMax: ByteCount;
  /** How often write-back looks for old dirty bytes. Default 5,000. */
  readonly writebackPeriodMs: number;
  /** How old dirty bytes may become. Default 30,000. */
  readonly writebackExpireMs: number;
  /** What a write does that meets a page in flight. Default "copy". */
  readonly writeInFlight: WriteInFlight;
  readonly clock: Clock;
  /** With it, up to a quarter of the budget is real before it is needed. */
  readonly memory?: PlatformMemory;
}

const pageSizeMin = 4096;
const pageSizeMax = 1024 * 1024;
const budgetPagesMin = 16;
const budgetPagesMax = 2 ** 29;

/** The settings with defaults filled in; EINVAL with a sentence for a person when one makes no sense. */
export function completeOptions(options: Partial<CacheOptions>): CacheOptions {
  const pageSize = options.pageSize ?? 64 * 1024;
  const budgetBytes = options.budgetBytes ?? 256 * 1024 * 1024;
  if (
    !Number.isInteger(pageSize) ||
    !Number.isInteger(Math.log2(pageSize)) ||
    pageSize < pageSizeMin ||
    pageSize > pageSizeMax
  ) {
    throw invalid(`page size ${pageSize} is no power of two from ${pageSizeMin} to ${pageSizeMax}`);
  }
  if (!(budgetBytes >= budgetPagesMin * pageSize)) {
    throw invalid(
      `a cache of ${budgetBytes} bytes is too small: give at least ${budgetPagesMin * pageSize} (${budgetPagesMin} pages)`,
    );
  }
  if (!(budgetBytes <= budgetPagesMax * pageSize)) {
    throw invalid(`a cache of ${budgetBytes} bytes is too large: give at most ${budgetPagesMax} pages of ${pageSize}`);
  }
  const dirtyLimitBytes = options.dirtyLimitBytes ?? Math.floor(budgetBytes / 2);
  const dirtyBackgroundBytes =
    options.dirtyBackgroundBytes ?? Math.floor(Math.min(budgetBytes / 4, dirtyLimitBytes / 2));
  if (!(dirtyLimitBytes > 0 && dirtyLimitBytes <= budgetBytes)) {
    throw invalid(`a dirty limit of ${dirtyLimitBytes} bytes must be above 0 and within the cache of ${budgetBytes}`);
  }
  if (!(dirtyBackgroundBytes >= 0 && dirtyBackgroundBytes < dirtyLimitBytes)) {
    throw invalid(
      `the background limit of ${dirtyBackgroundBytes} bytes must be below the dirty limit of ${dirtyLimitBytes}`,
    );
  }
  const { readaheadBytesMax = readaheadBytesDefault, writebackPeriodMs = 5_000, writebackExpireMs = 30_000 } = options;
  if (!(Number.isSafeInteger(readaheadBytesMax) && readaheadBytesMax >= 0)) {
    throw invalid(`a read-ahead of ${readaheadBytesMax} bytes makes no sense: give a whole number, 0 for none`);
  }
  if (!(writebackPeriodMs > 0 && writebackExpireMs >= 0)) {
    throw invalid(`write-back every ${writebackPeriodMs} ms of what is ${writebackExpireMs} ms old makes no sense`);
  }
  return {
    ...completeRefusalOptions(options),
    pageSize,
    budgetBytes,
    dirtyBackgroundBytes,
    dirtyLimitBytes,
    readaheadBytesMax,
    writebackPeriodMs,
    writebackExpireMs,
    writeInFlight: completeWriteInFlight(options.writeInFlight),
    clock: options.clock ?? systemClock,
    ...(options.memory === undefined ? {} : { memory: options.memory }),
  };
}

function completeWriteInFlight(choice: WriteInFlight = "copy"): WriteInFlight {
  if (choice === "copy" || choice === "wait") return choice;
  throw invalid(`"${choice}" is nothing that a write can do when it meets a page in flight: give copy or wait`);
}

function invalid(detail: string): Failure {
  return new Failure("EINVAL", { detail });
}
