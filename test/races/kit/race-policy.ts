/**
 * The policy of a race: another one decides as long as anything of the actors can go on, also what they set going and do not
 * wait for; then everybody has ended, and the check that follows has no choices. What was chosen is noted, to be played again.
 */
import { type Moment, type Policy, type Turn, timePasses } from "../../kit/schedule/scheduler.ts";
import { isTraced, type Trace } from "../../kit/schedule/trace.ts";

/** The point at which the check stands until then. */
export const everybodyHasEnded = "everybody has ended";

export class RacePolicy implements Policy {
  /** The serials of the turns that went, and `timePasses`. */
  readonly choices: number[] = [];
  readonly #inner: Policy;
  #isOver = false;

  constructor(inner: Policy) {
    this.#inner = inner;
  }

  get trace(): Trace | undefined {
    return isTraced(this.#inner) ? this.#inner.trace : undefined;
  }

  choose(ready: readonly Turn[], moment: Moment): number {
    if (this.#isOver) return 0;
    const others = ready.filter(({ name }) => name !== everybodyHasEnded);
    if (others.length === 0) {
      this.#isOver = true;
      return 0;
    }
    const turn = others[this.#inner.choose(others, moment)];
    this.choices.push(turn?.serial ?? timePasses);
    return turn === undefined ? timePasses : ready.indexOf(turn);
  }

  /** Told of every choice: time that passes because nothing is ready is none of the policy's. */
  sees(turn: Turn | undefined): void {
    if (turn === undefined && !this.#isOver && isTraced(this.#inner)) this.#inner.timePasses();
  }
}

/** Makes the choices that were noted. */
export class ReplayPolicy implements Policy {
  readonly #choices: readonly number[];
  #at = 0;

  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }

  choose(ready: readonly Turn[]): number {
    const serial = this.#choices[this.#at++];
    return serial === timePasses ? timePasses : ready.findIndex((turn) => turn.serial === serial);
  }
}
