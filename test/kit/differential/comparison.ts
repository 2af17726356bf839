/**
 * One comparison: scripts of several seeds, two at a time, on a mount and on a plain directory beside its store. Each seed
 * has two scripts; between them the mount is taken away and made again. At the end the trees are compared without a mount.
 * The first difference is thrown, with its seed and the fewest operations that still show it.
 */
import { chmod, chown, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RunningMount, type RunOptions } from "../command.ts";
import { scratchDirectory } from "../scratch.ts";
import { ending, type Operation } from "./script.ts";
import { shrink } from "./shrink.ts";
import { Bench, differenceOf } from "./sides.ts";

const shrinkMsMax = Number(process.env.HOLDFAST_SHRINK_MS ?? 20_000);
/** Scripts that run at the same time, each in a directory of its own. */
const together = 2;
const phases = 2;

export interface ComparisonOptions {
  readonly name: string;
  readonly seeds: readonly number[];
  readonly mountFlags: readonly string[];
  /** The script of a seed, before and after the mount was made again. */
  readonly scriptOf: (seed: number, phase: number) => readonly Operation[];
  /** Whom the scripts run as; undefined for the test's own user. */
  readonly uid?: number;
  /** Whether that user mounts, too. */
  readonly mountsItself?: boolean;
}

export interface Compared {
  readonly operations: number;
}

class Comparison implements AsyncDisposable {
  readonly options: ComparisonOptions;
  readonly bench: Bench;
  readonly scratch: string;
  readonly store: string;
  readonly plain: string;
  readonly point: string;
  operations = 0;
  #mount: RunningMount | undefined;
  #attempts = 0;

  constructor(options: ComparisonOptions, scratch: string) {
    this.options = options;
    this.scratch = scratch;
    this.bench = new Bench(scratch, options.uid);
    this.store = join(scratch, "store");
    this.plain = join(scratch, "plain");
    this.point = join(scratch, "mount");
  }

  /** Makes a directory for each seed on both sides, and the mount point. */
  async prepare(): Promise<void> {
    for (const directory of [dirname(this.scratch), this.scratch]) await chmod(directory, 0o755);
    for (const directory of [this.store, this.plain, this.point]) await makeOpen(directory, this.options.uid);
    for (const seed of this.options.seeds) await this.#makePlaces(String(seed));
  }

  async #makePlaces(place: string): Promise<void> {
    await this.bench.makePlace(this.plain, place);
    await this.bench.makePlace(this.store, place);
  }

  async mount(): Promise<void> {
    const { uid, mountsItself, mountFlags } = this.options;
    const options: { -readonly [Key in keyof RunOptions]: RunOptions[Key] } = {};
    if (mountsItself === true && uid !== undefined) {
      const runtime = join(this.scratch, "run");
      await makeOpen(runtime, uid);
      await chmod(runtime, 0o700);
      Object.assign(options, { uid, environment: { XDG_RUNTIME_DIR: runtime, XDG_STATE_HOME: runtime } });
    }
    this.#mount = await RunningMount.start(`dir:${this.store}`, this.point, mountFlags, options);
  }

  /** Ends the mount, which must have delivered everything and have had nothing to complain of. */
  async unmount(): Promise<void> {
    const mount = this.#mount;
    if (mount === undefined) return;
    const { status } = await mount.stop();
    this.#mount = undefined;
    if (status !== 0 || / error /.test(mount.log)) throw new Error(`the mount ended with ${status}: ${mount.log}`);
  }

  get #log(): string {
    return this.#mount?.log ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mount?.[Symbol.asyncDispose]();
  }

  async comparePhase(phase: number): Promise<void> {
    const waiting = [...this.options.seeds];
    const compareNext = async (): Promise<void> => {
      try {
        for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) await this.#compare(seed, phase);
      } finally {
        waiting.length = 0;
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: together }, compareNext));
    for (const one of ended) if (one.status === "rejected") throw one.reason;
  }

  async #compare(seed: number, phase: number): Promise<void> {
    const script = this.options.scriptOf(seed, phase);
    this.operations += script.length;
    const place = String(seed);
    const mounted = await this.bench.run(join(this.point, place), script);
    const plain = await this.bench.run(join(this.plain, place), script);
    const difference = differenceOf(plain, mounted) ?? this.#complaintOf(place);
    if (difference === undefined) {
      if (plain.at(-2)?.startsWith("closed") !== true)
        throw new Error(`seed ${seed}: no end: ${plain.slice(-2).join("\n")}`);
      return;
    }
    const found = `seed ${seed}, script ${phase}:\n${difference}\n`;
    const before = phase === 0 ? [] : [this.options.scriptOf(seed, 0)];
    throw new Error(`${found}${await this.#fewest([...before, script].flat())}${this.#log.slice(-2000)}`);
  }

  /** Both sides' answers to a script in fresh directories. */
  async #attempt(operations: readonly Operation[]): Promise<string | undefined> {
    this.#attempts += 1;
    const place = `attempt-${this.#attempts}`;
    const script = [...operations, ...ending];
    await this.#makePlaces(place);
    const mounted = await this.bench.run(join(this.point, place), script);
    return differenceOf(await this.bench.run(join(this.plain, place), script), mounted) ?? this.#complaintOf(place);
  }

  /** What the mount's log says of failures below a directory. */
  #complaintOf(place: string): string | undefined {
    const lines = this.#log.split("\n");
    return lines.find((line) => / error /.test(line) && line.includes(`/${place}/w/`));
  }

  async #fewest(operations: readonly Operation[]): Promise<string> {
    if ((await this.#attempt(operations)) === undefined) return "which a second run did not show\n";
    const fails = async (fewer: readonly Operation[]): Promise<boolean> => (await this.#attempt(fewer)) !== undefined;
    const fewest = await shrink(operations, fails, shrinkMsMax);
    const shown = fewest.map((operation) => JSON.stringify(operation)).join("\n");
    return `${fewest.length} operations show it:\n${shown}\n${await this.#attempt(fewest)}\n`;
  }

  /** What is left, looked at without a mount, name by name. */
  async compareTrees(): Promise<void> {
    for (const seed of this.options.seeds) {
      const place = String(seed);
      const stored = await this.bench.tree(join(this.store, place));
      const difference = differenceOf(await this.bench.tree(join(this.plain, place)), stored);
      if (difference !== undefined) throw new Error(`seed ${seed}, what is left:\n${difference}`);
    }
  }
}

/** Makes a directory that anybody may pass through. */
async function makeOpen(directory: string, uid: number | undefined): Promise<void> {
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o755);
  if (uid !== undefined) await chown(directory, uid, uid);
}

/** Runs a comparison to its end; throws the first difference. */
export async function compareSides(options: ComparisonOptions): Promise<Compared> {
  await using comparison = new Comparison(options, await scratchDirectory(`differential-${options.name}`));
  await comparison.prepare();
  for (let phase = 0; phase < phases; phase += 1) {
    await comparison.mount();
    await comparison.comparePhase(phase);
    await comparison.unmount();
  }
  await comparison.compareTrees();
  return { operations: comparison.operations };
}
