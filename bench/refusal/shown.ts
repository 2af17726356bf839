/** What a reader is shown through the mount, beside what the server has. */
import type { Calls } from "./calls.ts";
import { countDifferent } from "./evidence.ts";
import { fileName, type Ground } from "./ground.ts";

/** "Within a second every reader sees the server's bytes and size": so long a mount may take to show them. */
const graceMs = 1000;

export interface Shown {
  /** Bytes that the server does not have there, read through a handle that was open all the time; undefined without an answer. */
  readonly staleByHandle: number | undefined;
  /** The same for whoever opens the file now; 0 where it cannot be opened. */
  readonly staleByName: number | undefined;
  /** Undefined where the mount says that there is no such file. */
  readonly size: number | undefined;
  readonly sizeAtServer: number | undefined;
  /** The mount has stopped answering the reader, too. */
  readonly isStuck: boolean;
  /** What was read last. */
  readonly text: string;
}

/** Looks until the mount shows what the server has, for a second at most; answers the last look. */
export async function whatIsShown(ground: Ground, reading: Calls): Promise<Shown> {
  const endMs = performance.now() + graceMs;
  for (;;) {
    const shown = await look(ground, reading);
    const isTrue = shown.staleByHandle === 0 && shown.staleByName === 0 && shown.size === shown.sizeAtServer;
    if (isTrue || shown.isStuck || performance.now() >= endMs) return shown;
  }
}

async function look(ground: Ground, reading: Calls): Promise<Shown> {
  const byHandle = await reading.content();
  const byName = await reading.contentByName(fileName);
  const size = await reading.sizeByName(fileName);
  const truth = await ground.content();
  const stale = (text: string | undefined): number | undefined => {
    return text === undefined && reading.isStuck ? undefined : countDifferent(text ?? "", truth);
  };
  return {
    staleByHandle: stale(byHandle),
    staleByName: stale(byName),
    size,
    sizeAtServer: await ground.size(),
    isStuck: reading.isStuck,
    text: byName ?? byHandle ?? "",
  };
}
