/**
 * A search over all orders: the same work is run again and again, each time with another order of turns, until there is none
 * left that was not run (depth first, by replaying the choices up to the last one that can be made otherwise).
 *
 * The number of orders grows beyond all bounds with the number of turns, so it can be limited in two ways that are told in
 * the result: by how often an actor that could have gone on is interrupted (Musuvathi and Qadeer, PLDI 2007: most mistakes
 * need two such interruptions at most), and by the points at which a choice is made at all. An actor that has set several
 * things going is interrupted, too, when a later one of them goes on before the first.
 */
import type { Moment, Policy, Turn } from "./scheduler.ts";

export interface ExploreOptions {
  /** The search ends after this many orders, and says that it is not complete. */
  readonly ordersMax: number;
  /** How often an order may interrupt an actor that could have gone on. Default: as often as there are turns. */
  readonly interruptionsMax?: number;
  /** Whether another actor may be let in before this turn of the actor that went last. Default: always. */
  readonly mayInterrupt?: (turn: Turn) => boolean;
}

export interface Exploration {
  readonly orderCount: number;
  /** Whether every order within the limits was run. */
  readonly isComplete: boolean;
}

/** A choice that was made: which of how many. */
interface Branch {
  chosen: number;
  count: number;
}

/**
 * Runs the work once for each order. The work builds its world anew, runs it under a scheduler with the given policy, and
 * throws when something is wrong; the error is thrown on with the number of the order and its turns.
 */
export async function exploreOrders(
  work: (policy: Policy) => Promise<void>,
  options: ExploreOptions,
): Promise<Exploration> {
  const branches: Branch[] = [];
  let orderCount = 0;
  while (orderCount < options.ordersMax) {
    const order = new ReplayedOrder(branches, options);
    orderCount += 1;
    try {
      await work(order);
    } catch (failure) {
      const turns = order.taken.map(({ actor, name }) => `  ${actor} goes on from ${name}`).join("\n");
      throw new Error(`order ${orderCount} is wrong: ${String(failure)}\nthe turns:\n${turns}`, { cause: failure });
    }
    if (order.depth < branches.length) throw new Error("the work is not deterministic: a replayed order was shorter");
    if (!nextOrder(branches)) return { orderCount, isComplete: true };
  }
  return { orderCount, isComplete: false };
}

/** Goes on to the next order: the last choice that can be made otherwise is. */
function nextOrder(branches: Branch[]): boolean {
  for (let last = branches.pop(); last !== undefined; last = branches.pop()) {
    if (last.chosen + 1 >= last.count) continue;
    branches.push({ chosen: last.chosen + 1, count: last.count });
    return true;
  }
  return false;
}

/** Follows the branches as far as they go, then takes the first way everywhere and writes it down. */
class ReplayedOrder implements Policy {
  readonly taken: Turn[] = [];
  depth = 0;
  readonly #branches: Branch[];
  readonly #options: ExploreOptions;
  #interruptionsLeft: number;

  constructor(branches: Branch[], options: ExploreOptions) {
    this.#branches = branches;
    this.#options = options;
    this.#interruptionsLeft = options.interruptionsMax ?? Number.POSITIVE_INFINITY;
  }

  choose(ready: readonly Turn[], { lastActor }: Moment): number {
    const plain = plainChoices(ready, lastActor);
    const candidates = this.#mayInterrupt(ready, plain) ? [...plain, ...othersThan(plain, ready.length)] : plain;
    const chosen = candidates.length === 1 ? 0 : this.#branch(candidates.length);
    const at = candidates[chosen] as number;
    if (!plain.includes(at)) this.#interruptionsLeft -= 1;
    this.taken.push(ready[at] as Turn);
    return at;
  }

  #mayInterrupt(ready: readonly Turn[], plain: readonly number[]): boolean {
    if (this.#interruptionsLeft <= 0) return false;
    const { mayInterrupt } = this.#options;
    return mayInterrupt === undefined || plain.some((at) => mayInterrupt(ready[at] as Turn));
  }

  #branch(count: number): number {
    const branch = this.#branches[this.depth];
    this.depth += 1;
    if (branch === undefined) {
      this.#branches.push({ chosen: 0, count });
      return 0;
    }
    if (branch.count !== count) throw new Error("the work is not deterministic: a replayed order has other choices");
    return branch.chosen;
  }
}

/** The indices that interrupt nobody: the actor that went last goes on where it can first; when it cannot, each other does. */
function plainChoices(ready: readonly Turn[], lastActor: string): number[] {
  const first: Map<string, number> = new Map();
  for (const [at, { actor }] of ready.entries()) if (!first.has(actor)) first.set(actor, at);
  const same = first.get(lastActor);
  return same === undefined ? [...first.values()] : [same];
}

function othersThan(some: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, at) => at).filter((at) => !some.includes(at));
}
