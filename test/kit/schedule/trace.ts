/**
 * One order of turns with what came before what: a trace after Mazurkiewicz. Turn B comes *after* turn A when A reached B's
 * point, when what B awaits came about in A, when their footprints clash and A went first, or by way of others. Orders that
 * have the same turns in the same before and after end in the same state.
 *
 * A turn is known by a number that is the same in every order in which the turns that lead to it go the same way: how many
 * points its maker had reached before this one, after the maker's own number.
 */
import { createHash } from "node:crypto";
import { type Footprint, FootprintRecorder, usesClash } from "./footprint.ts";
import type { Moment, Policy, Turn } from "./scheduler.ts";

/** A turn that has gone, or time that has passed, which comes after all and before all. */
export interface Step {
  readonly key: number;
  readonly turn: Turn | undefined;
  footprint: Footprint;
  /** The steps that it needs whatever it touches, or -1. */
  readonly causes: readonly number[];
  /** The steps that come before it, itself among them, as bits. */
  past: bigint;
}

/** Two steps next to each other in the before and after that could change places. */
export interface Reversible {
  readonly earlier: number;
  readonly later: number;
}

/** A policy that keeps a trace of what goes, and is told when time passes because nothing was ready. */
export interface TracedPolicy extends Policy {
  readonly trace: Trace;
  timePasses(): void;
}

export function isTraced(policy: Policy): policy is TracedPolicy {
  return "trace" in policy;
}

const keys: Map<string, number> = new Map();
const nothing: Footprint = new Map();
const beginning = { key: 0, at: -1 };

interface Origin {
  readonly key: number;
  readonly reachedAt: number;
  readyAt: number | undefined;
}

export class Trace {
  readonly steps: Step[] = [];
  readonly recorder: FootprintRecorder = new FootprintRecorder();
  readonly #origins: Map<number, Origin> = new Map();
  readonly #users: Map<number, { readonly at: number; readonly use: number }[]> = new Map();
  readonly #clashes: string[] = [];
  #lastSerial = -1;
  #timePassedAt = -1;

  /** Ends the last step and looks at what it has brought about; answers the keys of what is ready. */
  look(ready: readonly Turn[], { standing }: Pick<Moment, "standing">): number[] {
    this.#endStep();
    const at = this.steps.length - 1;
    let count = 0;
    for (const { serial } of standing) {
      if (serial <= this.#lastSerial) continue;
      this.#lastSerial = serial;
      const maker = this.steps[at]?.key ?? beginning.key;
      this.#origins.set(serial, { key: keyOf(maker, count++), reachedAt: at, readyAt: undefined });
    }
    return ready.map(({ serial }) => {
      const origin = this.#origins.get(serial) as Origin;
      origin.readyAt ??= at;
      return origin.key;
    });
  }

  /** A turn goes. */
  go(turn: Turn): void {
    const { key, reachedAt, readyAt = -1 } = this.#origins.get(turn.serial) as Origin;
    const causes = [reachedAt, readyAt, this.#timePassedAt];
    this.steps.push({ key, turn, footprint: nothing, causes, past: 0n });
    this.recorder.nextTurn(key);
  }

  passTime(): void {
    this.#endStep();
    const at = this.steps.length;
    const key = keyOf(this.steps[at - 1]?.key ?? beginning.key, -1);
    this.steps.push({ key, turn: undefined, footprint: nothing, causes: this.steps.map((_, each) => each), past: 0n });
    this.#timePassedAt = at;
    this.recorder.nextTurn(key);
  }

  /** The step under way is over: its footprint is whole. */
  #endStep(): void {
    const step = this.steps.at(-1);
    if (step?.footprint === nothing) step.footprint = this.recorder.nextTurn(0);
  }

  /** Works out what came before what, and answers the pairs that could change places, later ones last. */
  reversible(): Reversible[] {
    this.#endStep();
    const found: Reversible[] = [];
    for (const [later, step] of this.steps.entries()) {
      step.past = 1n << BigInt(later);
      for (const cause of step.causes) step.past |= this.#pastOf(cause);
      const clashing = this.#clashingBefore(step);
      this.#clashes.push([step.key, ...clashing.map((at) => this.steps[at]?.key as number).sort()].join(" "));
      for (const earlier of clashing) {
        if ((step.past >> BigInt(earlier)) & 1n) continue;
        found.push({ earlier, later });
        step.past |= this.#pastOf(earlier);
      }
      for (const [place, use] of step.footprint) {
        const users = this.#users.get(place);
        if (users === undefined) this.#users.set(place, [{ at: later, use }]);
        else users.push({ at: later, use });
      }
    }
    return found;
  }

  /** A name of which turns clashed in which order, which all orders of a kind have; after `reversible`. */
  get kind(): string {
    return createHash("sha1").update(this.#clashes.toSorted().join("\n")).digest("base64");
  }

  #pastOf(at: number): bigint {
    return this.steps[at]?.past ?? 0n;
  }

  /** The steps whose footprints clash with this one's, the latest first. */
  #clashingBefore({ footprint }: Step): number[] {
    const found = new Set<number>();
    for (const [place, use] of footprint) {
      for (const user of this.#users.get(place) ?? []) if (usesClash(use, user.use)) found.add(user.at);
    }
    return [...found].sort((one, other) => other - one);
  }
}

function keyOf(maker: number, count: number): number {
  const name = `${maker}.${count}`;
  const before = keys.get(name);
  if (before !== undefined) return before;
  keys.set(name, keys.size + 1);
  return keys.size;
}
