/**
 * What can be played again is watched cheaply first. When the lock order was broken it is played once more with stacks, and
 * that report is the one to show: it names the places of the path that broke the order.
 */
import { LockOrderBroken, type LockOrderOptions } from "./checker.ts";

/** Plays, and answers what it came to; `thrownBy` finds what a play that failed has thrown. */
export async function playWatched<Result>(
  play: (watch: LockOrderOptions) => Promise<Result>,
  thrownBy: (result: Result) => unknown,
): Promise<Result> {
  const result = await play({ stacks: false });
  return thrownBy(result) instanceof LockOrderBroken ? await play({ stacks: true }) : result;
}
