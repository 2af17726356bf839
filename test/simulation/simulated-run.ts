/**
 * One seeded run of the simulation: a script of operations, made from a seed, is played by several actors on a real volume
 * over a faulty store and a virtual clock, and compared with the model (test/model). Same seed and script, same run, to the
 * byte; a script is plain data, so that a failing one can be made smaller by leaving entries out.
 */
import { delay, neverFires, SeededRandom } from "../../src/base/index.ts";
import { asFreeTask } from "../../src/cache/lock/lock-witness.ts";
import { endWatch, type LockOrderOptions, watchLocks } from "../kit/lock-order/checker.ts";
import { playWatched } from "../kit/lock-order/play-watched.ts";
import { ActorClock } from "../kit/schedule/actor-clock.ts";
import { type Policy, Scheduler } from "../kit/schedule/scheduler.ts";
import { seededPolicy } from "../kit/schedule/seeded.ts";
import { happenElsewhere } from "./elsewhere.ts";
import { scriptOf } from "./generate-script.ts";
import { nameOfActor, type Operation, type OtherOperation, others, type ProgramOperation } from "./operation.ts";
import { Program } from "./program.ts";
import { compare, settle, unsentOfRemoved } from "./quiet-point.ts";
import { scenarioOf } from "./scenario.ts";
import { checkQuiet, checkStep, touchedFile } from "./step-check.ts";
import { Tallies, Timeline, type TraceEntry } from "./timeline.ts";
import { listenTo } from "./transition-tally.ts";
import { Complaint, World } from "./world.ts";

/** How many operations a script has unless it is asked for more or fewer. */
export const operationsByDefault = 200;

export interface RunOptions {
  /** How many operations a generated script has. Default: `operationsByDefault`. */
  readonly operations?: number;
  /** Whether `trace` is kept; `traceHash` is made in any case. Default: false. */
  readonly keepsTrace?: boolean;
  /** Which order of turns the seed's schedule takes. Default: 0, the seed's own. */
  readonly schedule?: number;
}

export interface RunFailure {
  readonly message: string;
  readonly stack: string | undefined;
  /** How many operations of the script had begun. */
  readonly step: number;
}

/** How often each thing happened, by name. */
export type Tally = Readonly<Record<string, number>>;

export interface RunReport {
  readonly seed: number;
  /** Undefined when all went as the model says. */
  readonly failure: RunFailure | undefined;
  readonly operationCount: number;
  readonly virtualMs: number;
  /** Of every entry of the timeline, kept or not. */
  readonly traceHash: string;
  readonly trace: readonly TraceEntry[];
  /** Faults that the store and other clients caused, by kind. */
  readonly faults: Tally;
  /** Events that the volume emitted, by kind. */
  readonly events: Tally;
  /** What the operations came to: "write ok", "fsync EIO". */
  readonly outcomes: Tally;
  /** Transitions taken, as "page: clean dirtied". */
  readonly transitions: Tally;
  /** How many choices the scheduler had to make, and a hash of what it chose. */
  readonly choiceCount: number;
  readonly interleaving: string;
}

/** Behaviour that nobody plays yet. Printed with every simulation. */
export const openSlots: readonly { readonly slot: string; readonly reason: string }[] = [
  { slot: "mappings of the library", reason: "it has none; those of a mount are played" },
];

/** One seed in so many is watched for the order of locks: to know who asks costs something at every promise. */
const watchedEvery = 4;

/** The script of a seed: the same in every process. */
export function generateScript(seed: number, options: RunOptions = {}): Operation[] {
  return scriptOf(seed, options.operations ?? operationsByDefault);
}

/** Plays a script. Rejects for nothing that happens in the run; that is the report's failure. */
export async function runScript(
  seed: number,
  script: readonly Operation[],
  options: RunOptions = {},
): Promise<RunReport> {
  if (seed % watchedEvery !== 0) return (await playOnce(seed, script, options, undefined)).report;
  const { report } = await playWatched(
    (watch) => playOnce(seed, script, options, watch),
    ({ thrown }) => thrown,
  );
  return report;
}

async function playOnce(
  seed: number,
  script: readonly Operation[],
  options: RunOptions,
  watch: LockOrderOptions | undefined,
): Promise<{ report: RunReport; thrown: unknown }> {
  const clock = new ActorClock();
  const timeline = new Timeline(clock, options.keepsTrace ?? false);
  const world = new World(seed, scenarioOf(seed), clock, timeline);
  const play = new Play(world);
  const policy = seededPolicy(new SeededRandom(seed ^ 0x7ac71c5 ^ Math.imul(options.schedule ?? 0, 0x9e3779b1)));
  const scheduler = new Scheduler({
    policy: world.keyOffice === undefined ? policy : promptly(policy),
    clock,
    settled: () => world.requireNoComplaint(),
    msMax: 86_400_000,
  });
  world.admissions.heldUpMs = () => scheduler.heldUpMs;
  const transitions = new Tallies();
  let failure: RunFailure | undefined;
  let thrown: unknown;
  listenTo(transitions);
  const locks = watch === undefined ? undefined : watchLocks(watch);
  try {
    await scheduler.run(() => play.all(script, scheduler));
    locks?.check();
  } catch (caught) {
    thrown = caught;
    failure = failureOf(caught, play.begun);
    timeline.add("model", failure.message);
  } finally {
    listenTo(undefined);
    endWatch();
  }
  const report = {
    seed,
    failure,
    operationCount: script.length,
    virtualMs: clock.nowMs(),
    traceHash: timeline.digest(),
    trace: timeline.entries,
    faults: world.faults.counts,
    events: world.events.counts,
    outcomes: world.outcomes.counts,
    transitions: transitions.counts,
    choiceCount: scheduler.choiceCount,
    interleaving: scheduler.interleaving,
  };
  return { report, thrown };
}

/**
 * The policy, but on a fast machine: no time passes while somebody can go on. Between the answer of a store and whoever asked
 * lies the keyring; on a slow machine the answer may be lost on that way, and the model does not know.
 */
function promptly(policy: Policy): Policy {
  return { choose: (ready, moment) => policy.choose(ready, { ...moment, canTimePass: false }) };
}

function failureOf(thrown: unknown, step: number): RunFailure {
  if (!(thrown instanceof Error)) return { message: String(thrown), stack: undefined, step };
  const cause = thrown.cause instanceof Error ? `\ncaused by ${thrown.cause.stack}` : "";
  const message = thrown instanceof Complaint ? thrown.message : `${thrown.name}: ${thrown.message}`;
  return { message, stack: `${thrown.stack}${cause}`, step };
}

/** The actors of a run, and what each is to do until the next quiet point. */
class Play {
  /** How many entries have begun. */
  begun = 0;
  readonly #world: World;
  readonly #programs: readonly Program[];

  constructor(world: World) {
    this.#world = world;
    this.#programs = world.credentials.map((credential, at) => new Program(world, `actor ${at}`, credential));
  }

  async all(script: readonly Operation[], scheduler: Scheduler): Promise<void> {
    const world = this.#world;
    await world.open();
    let from = 0;
    for (let at = 0; at <= script.length; at++) {
      const operation = script[at];
      if (operation !== undefined && operation.kind !== "quiet") continue;
      await this.#together(script.slice(from, at), scheduler);
      from = at + 1;
      world.timeline.add("model", operation?.kind === "quiet" && !operation.isSettled ? "a quiet point" : "settles");
      if (operation?.kind === "quiet" && !operation.isSettled) await compare(world, this.#programs);
      else await this.#settle();
      checkQuiet(world, operation?.kind !== "quiet" || operation.isSettled);
    }
    await this.#end();
  }

  async #settle(): Promise<void> {
    await this.#world.keeper.sendAll(neverFires);
    await settle(this.#world, this.#programs);
  }

  async #together(script: readonly Operation[], scheduler: Scheduler): Promise<void> {
    const queues = new Map<number, Operation[]>();
    for (const operation of script) {
      const queue = queues.get(operation.actor) ?? [];
      queue.push(operation);
      queues.set(operation.actor, queue);
    }
    const work = [...queues].map(([actor, queue]) => {
      const name = nameOfActor(actor);
      return scheduler.spawn(name, () => this.#act(name, queue));
    });
    await Promise.all(work);
  }

  async #act(name: string, queue: readonly Operation[]): Promise<void> {
    const world = this.#world;
    for (const operation of queue) {
      if (operation.afterMs > 0) await delay(world.clock, operation.afterMs);
      this.begun += 1;
      const what = describe(operation);
      world.timeline.add(name, what);
      const before = touchedFile(world, operation, this.#programs[operation.actor]);
      const outcome = await asFreeTask(`${name}: ${what}`, () => this.#perform(operation));
      world.timeline.add(name, `${what}: ${outcome}`);
      world.outcomes.add(`${operation.kind} ${outcome.split(" ")[0]}`);
      checkStep(world, touchedFile(world, operation, this.#programs[operation.actor]) ?? before, operation);
    }
  }

  #perform(operation: Operation): Promise<string> {
    const program = this.#programs[operation.actor];
    if (operation.kind === "restore") return this.#world.restores.restore(operation);
    if (operation.actor === others) return happenElsewhere(this.#world, operation as OtherOperation);
    return program === undefined ? Promise.resolve("nobody") : program.perform(operation as ProgramOperation);
  }

  /** Everything is given back, and every gauge is zero. */
  async #end(): Promise<void> {
    const world = this.#world;
    world.faulty.calm();
    world.rescue.calm();
    world.keyOffice?.calm();
    await world.media?.putBack();
    for (const program of this.#programs) {
      for (const number of [...program.mappings.keys()]) await program.unmap(number, neverFires);
      for (const number of [...program.slots.keys()]) await program.close(number, neverFires);
    }
    // A file that was removed while its bytes were in conflict may not be known to be removed, and one that was forgotten
    // before it was durable may be found to have lost something.
    const mayFail = unsentOfRemoved(world) > 0 || world.server.crashCount > 0;
    await world.volume.close().catch((thrown) => {
      if (!mayFail) throw thrown;
      world.excused(thrown, "close", ["EIO", "ESTALE"]);
    });
    const { frameBytes, cachedPages, dirtyBytes, inFlightBytes, dirtyFiles, openSpaces } =
      world.volume.snapshot().cache;
    const gauges = { frameBytes, cachedPages, dirtyBytes, inFlightBytes, dirtyFiles, openSpaces };
    for (const [gauge, value] of Object.entries(gauges)) {
      if (value !== 0) world.require(`${gauge} is ${value} after the volume was closed`);
    }
  }
}

function describe({ actor: _actor, afterMs: _afterMs, kind, ...rest }: Operation): string {
  const words = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
  return [kind, ...words].join(" ");
}
