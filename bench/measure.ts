/**
 * How everything here is timed: the contenders take turns, round by round, in an order that rotates, so that whatever
 * else the machine does hits all of them. What counts is the median round of each, and the median of the ratios of rounds
 * that stood next to each other.
 */

/** One way of doing the work that is compared. */
export interface Contender {
  readonly name: string;
  /** Brings the state that a round starts from; not timed. */
  prepare?(): void | Promise<void>;
  /** Does all operations of one round. */
  run(): void | Promise<void>;
}

/** What the rounds of one contender took. */
export interface Timing {
  readonly name: string;
  /** Nanoseconds an operation, the median round. */
  readonly nsMedian: number;
  /** Nanoseconds an operation, round by round. */
  readonly nsRounds: readonly number[];
}

/** Times `roundCount` rounds of `operationCount` operations each, after `warmCount` that do not count. */
export async function takeTurns(
  contenders: readonly Contender[],
  operationCount: number,
  roundCount: number,
  warmCount: number = 2,
): Promise<Timing[]> {
  const rounds = contenders.map((): number[] => []);
  for (let round = -warmCount; round < roundCount; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const at = (turn + round + warmCount) % contenders.length;
      const contender = contenders[at] as Contender;
      const prepared = contender.prepare?.();
      if (prepared !== undefined) await prepared;
      const start = process.hrtime.bigint();
      const done = contender.run();
      if (done !== undefined) await done;
      const elapsedNs = Number(process.hrtime.bigint() - start);
      if (round >= 0) rounds[at]?.push(elapsedNs / operationCount);
    }
  }
  return contenders.map(({ name }, at) => {
    const nsRounds = rounds[at] as number[];
    return { name, nsMedian: median(nsRounds), nsRounds };
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** How fast `contender` is, with `yardstick` as 1: the median over the rounds. */
export function speedAgainst(contender: Timing, yardstick: Timing): number {
  return median(contender.nsRounds.map((ns, round) => (yardstick.nsRounds[round] as number) / ns));
}

/** Numbers from 0 to `count` - 1 in an order that is the same in every run and no prefetcher can guess. */
export function shuffled(count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, at) => at);
  let state = 0x2545f491;
  for (let at = count - 1; at > 0; at--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (at + 1));
    const kept = order[at] as number;
    order[at] = order[other] as number;
    order[other] = kept;
  }
  return order;
}
