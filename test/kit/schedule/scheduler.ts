/**
 * A scheduler that lets one continuation go at a time.
 *
 * Words. A *turn* is one `await` that was reached at a point: it *stands* there from then on, it is *ready* when what was
 * awaited is there, and it has *gone* when its code was let go on. A *choice* is made whenever something is ready; what
 * runs between two choices is one turn and every promise job that it set going, to the last. An *actor* is a chain of turns:
 * a turn belongs to the actor that reached the point, timers and new work to the actor that set them going.
 *
 *   standing --what was awaited is there--> ready --chosen by the policy--> gone
 *
 * | transition | performed by |
 * |---|---|
 * | standing | `Scheduler.point` |
 * | ready | `Scheduler.#becomeReady`, called by the awaited promise |
 * | gone | `Scheduler.#letGo`, one for each choice |
 *
 * Invariants. I1 At most one turn goes at a time, and the next choice is made after the last promise job. I2 `ready` is
 * ordered by when the points were reached, so that it does not depend on how many jobs a promise takes to settle. I3 Time
 * passes only by a choice, or when nothing is ready. So the same code, policy and clock give the same run, to the byte.
 *
 * Jobs are run to the last by the order in which Node works: a tick that was asked for by a promise job comes when there is
 * no promise job left. That costs a third of waiting for the event loop, which is visited whenever time passes, so that
 * rejections nobody handles are reported.
 */
import { nextTick } from "node:process";
import { setImmediate } from "node:timers";
import { InterleavingHash } from "./interleaving-hash.ts";
import { install, type PointKeeper, uninstall } from "./point.ts";

/** An `await` that somebody has reached. */
export interface Turn {
  /** Ascending by when the points were reached, from 0. */
  readonly serial: number;
  readonly actor: string;
  readonly name: string;
}

/** What a policy sees besides the turns that are ready. */
export interface Moment {
  /** Every turn that has not gone, ready or not, in the order of serials. */
  readonly standing: Iterable<Turn>;
  /** The actor whose turn went last. */
  readonly lastActor: string;
  readonly canTimePass: boolean;
}

/** The choice that none of the ready turns goes, but the clock's next timer fires. */
export const timePasses: number = -1;

/** Decides which turn goes next. */
export interface Policy {
  /** The index in `ready`, which is never empty, or `timePasses`, when time can pass. */
  choose(ready: readonly Turn[], moment: Moment): number;
}

/** Where time comes from. */
export interface TimeSource {
  nowMs(): number;
  readonly timerCount: number;
  /** Goes on to the next timer and calls it back; false when there is none. */
  fireNext(): boolean;
}

export interface SchedulerOptions {
  readonly policy: Policy;
  readonly clock?: TimeSource;
  /** More choices than this are taken for a run without end. Default: 1,000,000. */
  readonly choicesMax?: number;
  /** A run that is not over at this time of the clock is stuck. Default: an hour. */
  readonly msMax?: number;
  /** Told of each choice, before the turn goes; undefined when time passes. */
  readonly chosen?: (turn: Turn | undefined) => void;
  /** Called after each turn, when no promise job is left: the place to check invariants. A throw ends the run. */
  readonly settled?: () => void;
}

/** Nothing can go on, or nothing ends. */
export class StuckError extends Error {
  /** Who stands where. */
  readonly standing: readonly Turn[];

  constructor(what: string, standing: readonly Turn[]) {
    const lines = standing.map(({ actor, name }) => `  ${actor} waits at ${name}`);
    super([what, ...lines].join("\n"));
    this.name = "StuckError";
    this.standing = standing;
  }
}

interface StandingTurn extends Turn {
  go: () => void;
}

export class Scheduler implements PointKeeper {
  readonly #policy: Policy;
  readonly #clock: TimeSource | undefined;
  readonly #options: SchedulerOptions;
  readonly #choicesMax: number;
  readonly #msMax: number;
  readonly #hash = new InterleavingHash();
  /** In the order of serials. */
  readonly #standing: Set<StandingTurn> = new Set();
  readonly #ready: StandingTurn[] = [];
  readonly #moment: Moment;
  #serial = 0;
  #actor = "main";
  #lastActor = "main";
  #choiceCount = 0;
  #heldUpMs = 0;

  constructor(options: SchedulerOptions) {
    this.#policy = options.policy;
    this.#clock = options.clock;
    this.#options = options;
    this.#choicesMax = options.choicesMax ?? 1_000_000;
    this.#msMax = options.msMax ?? 3_600_000;
    const self = this;
    this.#moment = {
      standing: this.#standing,
      get lastActor() {
        return self.#lastActor;
      },
      get canTimePass() {
        return (self.#clock?.timerCount ?? 0) > 0;
      },
    };
  }

  get actor(): string {
    return this.#actor;
  }

  /** How many choices were made. */
  get choiceCount(): number {
    return this.#choiceCount;
  }

  /** How much time has passed although turns were ready, as on a slow machine. */
  get heldUpMs(): number {
    return this.#heldUpMs;
  }

  /** A hash of every choice: which turn went, of whom, and among how many. */
  get interleaving(): string {
    return this.#hash.text;
  }

  get standing(): readonly Turn[] {
    return [...this.#standing];
  }

  /** Runs work as another actor; its beginning is a turn. Who waits for its end goes on as the actor that called this. */
  async spawn<Result>(actor: string, work: () => Promise<Result>): Promise<Result> {
    const caller = this.#actor;
    await this.#pointOf(actor, undefined, "begins");
    try {
      return await work();
    } finally {
      this.#actor = caller;
    }
  }

  point<Value>(value: Value, name: string): Promise<Awaited<Value>> {
    return this.#pointOf(this.#actor, value, name);
  }

  asActor(callback: () => void): () => void {
    const actor = this.#actor;
    return () => {
      this.#actor = actor;
      callback();
    };
  }

  #pointOf<Value>(actor: string, value: Value, name: string): Promise<Awaited<Value>> {
    return new Promise((resolve, reject) => {
      const turn: StandingTurn = { serial: this.#serial++, actor, name, go: () => undefined };
      this.#standing.add(turn);
      const arrived = (result: Awaited<Value>): void => this.#becomeReady(turn, () => resolve(result));
      if (isThenable(value)) value.then(arrived, (failure) => this.#becomeReady(turn, () => reject(failure)));
      else arrived(value as Awaited<Value>);
    });
  }

  #becomeReady(turn: StandingTurn, go: () => void): void {
    turn.go = go;
    let at = this.#ready.length;
    while (at > 0 && (this.#ready[at - 1] as StandingTurn).serial > turn.serial) at--;
    this.#ready.splice(at, 0, turn);
  }

  /**
   * Runs work as the actor "main" until it ends, with every point under this scheduler. Rejects with what the work rejects
   * with, with a `StuckError`, or with what `settled` or the policy throws. What still stands then never goes.
   */
  run<Result>(main: () => Promise<Result>): Promise<Result> {
    install(this);
    return new Promise<Result>((resolve, reject) => {
      let end: (() => void) | undefined;
      const afterJobs = (): void => nextTick(step);
      const step = (): void => {
        try {
          this.#options.settled?.();
          if (end === undefined) {
            if (this.#step()) queueMicrotask(afterJobs);
            else setImmediate(step);
            return;
          }
        } catch (failure) {
          end = () => reject(failure);
        }
        uninstall();
        end();
      };
      main().then(
        (result) => {
          end = () => resolve(result);
        },
        (failure: unknown) => {
          end = () => reject(failure);
        },
      );
      queueMicrotask(afterJobs);
    });
  }

  /** Makes one choice; answers whether a turn went, rather than time. */
  #step(): boolean {
    if (++this.#choiceCount > this.#choicesMax) throw this.#stuck(`not over after ${this.#choicesMax} choices`);
    if (this.#ready.length === 0) {
      this.#passTime("no actor can move");
      return false;
    }
    const choice = this.#policy.choose(this.#ready, this.#moment);
    if (choice === timePasses) {
      this.#passTime("the policy lets time pass, and there is no timer");
      return false;
    }
    const turn = this.#ready[choice];
    if (turn === undefined) throw new RangeError(`the policy chose ${choice} of ${this.#ready.length} turns`);
    this.#hash.add(turn.name, turn.actor, choice, this.#ready.length);
    this.#ready.splice(choice, 1);
    this.#letGo(turn);
    return true;
  }

  #letGo(turn: StandingTurn): void {
    this.#options.chosen?.(turn);
    this.#standing.delete(turn);
    this.#actor = turn.actor;
    this.#lastActor = turn.actor;
    turn.go();
  }

  #passTime(otherwise: string): void {
    this.#options.chosen?.(undefined);
    this.#hash.add("time", "", 0, this.#ready.length);
    this.#actor = "time";
    const isHeldUp = this.#ready.length > 0;
    const beforeMs = this.#clock?.nowMs() ?? 0;
    if (this.#clock?.fireNext() !== true) throw this.#stuck(otherwise);
    if (isHeldUp) this.#heldUpMs += this.#clock.nowMs() - beforeMs;
    if (this.#clock.nowMs() > this.#msMax) throw this.#stuck(`not over after ${this.#msMax} ms`);
  }

  #stuck(what: string): StuckError {
    return new StuckError(what, this.standing);
  }
}

function isThenable(value: unknown): value is PromiseLike<never> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
