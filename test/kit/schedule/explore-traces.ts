/**
 * A search over all orders that runs one of each kind: orders that differ only in turns which have nothing to do with each
 * other (trace.ts) end alike, and one of them is enough. Every reversal of two turns that clash is run (source-DPOR with sleep
 * sets: Abdulla, Aronis, Jonsson and Sagonas, POPL 2014), so each end that an order can have is reached, and each deadlock.
 *
 * Words. A *node* is a choice of the order under way. Its *backtrack* set has the turns that must be tried there; its *sleep*
 * set those that need not be, because all that begins with them was run already. An order in which nothing is left but what
 * sleeps is *abandoned*.
 */
import { clash, type Footprint } from "./footprint.ts";
import type { Moment, Policy, Turn } from "./scheduler.ts";
import { type Reversible, type Step, Trace, type TracedPolicy } from "./trace.ts";

export interface TraceExploration {
  /** Orders that were run to the end, each of another kind. */
  readonly orderCount: number;
  readonly abandonedCount: number;
  /** Whether an order of every kind was run. */
  readonly isComplete: boolean;
  /** What the orders were, by `Trace.kind`. */
  readonly kinds: ReadonlySet<string>;
  /** How many pairs of turns were seen that could change places. */
  readonly clashCount: number;
}

/** What a policy throws to have an order abandoned. */
class NothingNew extends Error {}

interface Node {
  chosen: number;
  readonly backtrack: Set<number>;
  readonly sleep: ReadonlyMap<number, Footprint>;
  /** Turns of which everything that begins with them was run. */
  readonly done: Map<number, Footprint>;
}

/**
 * Runs the work once for each kind of order; the search ends after `ordersMax`, abandoned ones included. The work builds its
 * world anew, runs it under a scheduler with the given policy, and throws when something is wrong, or what the policy throws;
 * an error is thrown on with the number of the order and its turns.
 */
export async function exploreTraces(
  work: (policy: TracedPolicy) => Promise<void>,
  { ordersMax }: { readonly ordersMax: number },
): Promise<TraceExploration> {
  const nodes: Node[] = [];
  const kinds = new Set<string>();
  let abandonedCount = 0;
  let clashCount = 0;
  while (kinds.size + abandonedCount < ordersMax) {
    const replayedCount = nodes.length;
    const order = new NextOrder(nodes);
    const { trace } = order;
    let isAbandoned = false;
    try {
      await work(order);
    } catch (failure) {
      if (!(failure instanceof NothingNew)) throw described(failure, kinds.size + abandonedCount + 1, trace);
      isAbandoned = true;
    }
    for (const reversible of trace.reversible()) {
      clashCount += 1;
      if (reversible.later >= replayedCount - 1) demandReversal(nodes, trace.steps, reversible);
    }
    if (isAbandoned) abandonedCount += 1;
    else kinds.add(trace.kind);
    if (!nextChoice(nodes, trace.steps)) {
      return { orderCount: kinds.size, abandonedCount, isComplete: true, kinds, clashCount };
    }
  }
  return { orderCount: kinds.size, abandonedCount, isComplete: false, kinds, clashCount };
}

/** One of the turns that the later step can begin with, if the earlier one waits, must be tried where the earlier one went. */
function demandReversal(nodes: readonly Node[], steps: readonly Step[], { earlier, later }: Reversible): void {
  const node = nodes[earlier] as Node;
  let between = 0n;
  let first: number | undefined;
  for (let at = earlier + 1; at <= later; at++) {
    const { past, key } = steps[at] as Step;
    if (at < later && ((past >> BigInt(earlier)) & 1n) === 1n) continue;
    if ((past & between) === 0n) {
      if (node.backtrack.has(key) || node.sleep.has(key)) return;
      first ??= key;
    }
    between |= 1n << BigInt(at);
  }
  node.backtrack.add(first as number);
}

/** Goes on to what must still be tried at the last node that has something. */
function nextChoice(nodes: Node[], steps: readonly Step[]): boolean {
  for (let node = nodes.at(-1); node !== undefined; node = nodes.at(-1)) {
    node.done.set(node.chosen, (steps[nodes.length - 1] as Step).footprint);
    for (const key of node.backtrack) {
      if (node.done.has(key) || node.sleep.has(key)) continue;
      node.chosen = key;
      return true;
    }
    nodes.pop();
  }
  return false;
}

/** Follows the nodes as far as they go, then interrupts nobody and skips what sleeps. */
class NextOrder implements TracedPolicy {
  readonly trace: Trace = new Trace();
  readonly #nodes: Node[];

  constructor(nodes: Node[]) {
    this.#nodes = nodes;
  }

  choose(ready: readonly Turn[], moment: Moment): number {
    const keys = this.trace.look(ready, moment);
    const known = this.#nodes[this.trace.steps.length];
    const at = known === undefined ? this.#newNode(ready, keys, moment) : keys.indexOf(known.chosen);
    const turn = ready[at];
    if (turn === undefined) throw new Error("the work is not deterministic: a replayed turn is not ready");
    this.trace.go(turn);
    return at;
  }

  timePasses(): void {
    this.trace.passTime();
    if (this.trace.steps.length <= this.#nodes.length) return;
    const { key } = this.trace.steps.at(-1) as Step;
    this.#nodes.push({ chosen: key, backtrack: new Set([key]), sleep: new Map(), done: new Map() });
  }

  #newNode(ready: readonly Turn[], keys: readonly number[], { lastActor }: Moment): number {
    const sleep = this.#sleepHere();
    const awake = [...keys.keys()].filter((at) => !sleep.has(keys[at] as number));
    const at = awake.find((each) => ready[each]?.actor === lastActor) ?? awake[0];
    if (at === undefined) throw new NothingNew("all that is ready was tried before");
    const chosen = keys[at] as number;
    this.#nodes.push({ chosen, backtrack: new Set([chosen]), sleep, done: new Map() });
    return at;
  }

  /** What slept or was done at the node before, and has nothing to do with the turn that went there. */
  #sleepHere(): Map<number, Footprint> {
    const before = this.#nodes.at(-1);
    const last = this.trace.steps.at(-1);
    if (before === undefined || last === undefined) return new Map();
    const others = [...before.sleep, ...before.done].filter(([key]) => key !== last.key);
    return new Map(others.filter(([, footprint]) => !clash(footprint, last.footprint)));
  }
}

/** An order that another policy chooses, of which the kind is to be known. */
export class SampledOrder implements TracedPolicy {
  readonly trace: Trace = new Trace();
  readonly #policy: Policy;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** Of the order that was run; to be asked once. */
  get kind(): string {
    this.trace.reversible();
    return this.trace.kind;
  }

  choose(ready: readonly Turn[], moment: Moment): number {
    this.trace.look(ready, moment);
    const at = this.#policy.choose(ready, moment);
    this.trace.go(ready[at] as Turn);
    return at;
  }

  timePasses(): void {
    this.trace.passTime();
  }
}

function described(failure: unknown, serial: number, { steps }: Trace): Error {
  const turns = steps.map(({ turn }) =>
    turn === undefined ? "  time passes" : `  ${turn.actor} goes on from ${turn.name}`,
  );
  return new Error(`order ${serial} is wrong: ${String(failure)}\nthe turns:\n${turns.join("\n")}`, { cause: failure });
}
