/**
 * The search over all orders of a race: one order of each kind is run (explore-traces.ts). Where there are more kinds than
 * the limit allows, every single order with at most one interruption is run besides.
 *
 * The search is held to what it claims: where it says that it ran every kind, orders that are taken at random must be of
 * kinds that it ran. So a turn that touches more than its footprint says does not stay unnoticed.
 */
import { expect } from "vitest";
import { SeededRandom } from "../../../src/base/index.ts";
import { exploreOrders } from "../../kit/schedule/explore.ts";
import { exploreTraces, SampledOrder } from "../../kit/schedule/explore-traces.ts";
import type { Policy } from "../../kit/schedule/scheduler.ts";

/** So many orders take some seconds; `npm run races -- --whole` asks for all kinds there are. */
const ordersMax = Number(process.env.RACE_ORDERS ?? 500);
/** A search that was asked for by hand takes its time. */
export const searchMsMax = process.env.RACE_ORDERS === undefined ? 300_000 : 0;
const samplesMax = Number(process.env.RACE_SAMPLES ?? 10);

/** Plays orders until there is none of another kind; answers in words what was reached. */
export async function search(play: (policy: Policy) => Promise<void>): Promise<string> {
  const { orderCount, isComplete, kinds, clashCount } = await exploreTraces(play, { ordersMax });
  expect(clashCount, "turns that touched the same: without any, nothing was recorded").toBeGreaterThan(0);
  if (isComplete) {
    await sample(play, kinds);
    return `whole: ${orderCount} orders, one of every kind there is`;
  }
  const bounded = await exploreOrders(play, { ordersMax, interruptionsMax: 1 });
  const bound = bounded.isComplete ? "all" : "the first";
  return `not whole: ${orderCount} orders, each of another kind, and ${bound} ${bounded.orderCount} with at most one interruption`;
}

async function sample(play: (policy: Policy) => Promise<void>, kinds: ReadonlySet<string>): Promise<void> {
  const random = new SeededRandom(Date.now());
  for (let count = 0; count < samplesMax; count++) {
    const turns: string[] = [];
    const order = new SampledOrder({
      choose(ready) {
        const at = random.below(ready.length);
        turns.push(`${ready[at]?.actor} goes on from ${ready[at]?.name}`);
        return at;
      },
    });
    await play(order);
    expect(kinds.has(order.kind), `an order of a kind that was not run:\n${turns.join("\n")}`).toBe(true);
  }
}
