/**
 * A policy that forces an interleaving: a list of steps, each of which lets one actor run until it stands at a named point,
 * or as far as it can go. Points are named by a piece of their names, such as "truncate: changeAtStore".
 *
 *   forced([
 *     { actor: "truncate", until: "truncate: space.invalidateLock.acquireAlone" },
 *     { actor: "reader" },
 *     { actor: "truncate" },
 *   ])
 *
 * A step that cannot be done as it says ends the run with an error that tells where the actor stands instead.
 */
import { firstCome } from "./first-come.ts";
import { type Moment, type Policy, type Turn, timePasses } from "./scheduler.ts";

export interface ForcedStep {
  /** Only turns of this actor, or of these, go. */
  readonly actor: string | readonly string[];
  /** The step is over when the actor has reached this point, whether what it awaits is there or not. */
  readonly until?: string;
  /** The step is over when the actor could go on from this point. */
  readonly untilReady?: string;
  /** Whether time may pass when the actor cannot go on otherwise. Default: false. */
  readonly time?: boolean;
}

/** Forces the steps, then chooses by `afterwards`. */
export class ForcedPolicy implements Policy {
  readonly #steps: readonly ForcedStep[];
  readonly #afterwards: Policy;
  #at = 0;
  #hasGone = false;

  constructor(steps: readonly ForcedStep[], afterwards: Policy = firstCome) {
    this.#steps = steps;
    this.#afterwards = afterwards;
  }

  /** The steps that were not done when the run was over: empty when all was forced as asked. */
  get stepsLeft(): readonly ForcedStep[] {
    const current = this.#steps[this.#at];
    const runsOn = current?.until === undefined && current?.untilReady === undefined && this.#hasGone;
    return this.#steps.slice(runsOn ? this.#at + 1 : this.#at);
  }

  choose(ready: readonly Turn[], moment: Moment): number {
    for (let step = this.#steps[this.#at]; step !== undefined; step = this.#steps[this.#at]) {
      const mine = ready.findIndex(({ actor }) => isOf(step, actor));
      if (!this.#isOver(step, ready, moment)) {
        if (mine >= 0) {
          this.#hasGone = true;
          return mine;
        }
        if (step.time === true && moment.canTimePass) return timePasses;
        this.#requireBlockedIsRight(step, moment);
      }
      this.#at += 1;
      this.#hasGone = false;
    }
    return this.#afterwards.choose(ready, moment);
  }

  /** A point where the actor stood when the step began counts only for the ready turn it would begin with. */
  #isOver(step: ForcedStep, ready: readonly Turn[], moment: Moment): boolean {
    if (step.untilReady !== undefined && stands(step, step.untilReady, ready)) return true;
    return step.until !== undefined && this.#hasGone && stands(step, step.until, moment.standing);
  }

  #requireBlockedIsRight(step: ForcedStep, { standing }: Moment): void {
    const wanted = step.until ?? step.untilReady;
    if (wanted === undefined) return;
    const places = [...standing].filter(({ actor }) => isOf(step, actor)).map(({ name }) => `\n  ${name}`);
    const where = places.length === 0 ? " it has ended" : places.join("");
    throw new Error(`${String(step.actor)} does not come to "${wanted}"; it stands at:${where}`);
  }
}

function isOf(step: ForcedStep, actor: string): boolean {
  return typeof step.actor === "string" ? step.actor === actor : step.actor.includes(actor);
}

function stands(step: ForcedStep, name: string, turns: Iterable<Turn>): boolean {
  for (const turn of turns) if (isOf(step, turn.actor) && turn.name.includes(name)) return true;
  return false;
}
