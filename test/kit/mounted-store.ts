/**
 * A directory store with a mount over it, for tests that let programs run on the mount and look at the directory
 * afterwards. Programs run in child processes and must end well; what one says on standard error is in the complaint.
 */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkout } from "./checkout.ts";
import { type Finished, RunningMount, type RunOptions, runHoldfast, runProgram } from "./command.ts";
import { scratchDirectory } from "./scratch.ts";

/** Programs that must speak the same everywhere, and read no configuration of the machine. */
const plainSpeech = {
  LC_ALL: "C",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_CONFIG_COUNT: "3",
  GIT_CONFIG_KEY_0: "safe.directory",
  GIT_CONFIG_VALUE_0: "*",
  GIT_CONFIG_KEY_1: "user.name",
  GIT_CONFIG_VALUE_1: "Somebody",
  GIT_CONFIG_KEY_2: "user.email",
  GIT_CONFIG_VALUE_2: "somebody@example.org",
};

export interface ProgramOptions extends RunOptions {
  readonly msMax?: number;
}

/** Runs a program to its end, whatever its exit status. */
export function attempt(
  program: string,
  parameters: readonly string[],
  options: ProgramOptions = {},
): Promise<Finished> {
  return runProgram(program, parameters, { ...options, environment: { ...plainSpeech, ...options.environment } });
}

/** Runs a program, which must succeed; answers with what it printed. */
export async function run(
  program: string,
  parameters: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { status, signal, stdout, stderr } = await attempt(program, parameters, options);
  if (status === 0) return stdout;
  const end = signal ?? `exit status ${status}`;
  throw new Error(`${program} ${parameters.join(" ")} ended with ${end}: ${stderr.slice(-4000)}${stdout.slice(-2000)}`);
}

/** Runs one of the small programs beside this file, which must succeed. */
export function runOwn(name: string, parameters: readonly string[], options: ProgramOptions = {}): Promise<string> {
  return run(process.execPath, [ownProgram(name), ...parameters], options);
}

/** The path of a small program beside this file. */
export function ownProgram(name: string): string {
  return join(checkout, "test", "kit", "programs", `${name}.js`);
}

/** One line for each file, directory and link of a tree: its type, mode, size or target, and checksum. */
export function treeSums(directory: string): Promise<string> {
  const script = [
    "find . -mindepth 1 -printf '%y %m %p %l\\n' | sort",
    "find . -type f -print0 | sort -z | xargs -0 -r sha256sum",
  ].join("; ");
  return run("sh", ["-c", script], { directory, msMax: 120_000 });
}

export class MountedStore implements AsyncDisposable {
  readonly scratch: string;
  /** The directory that plays the store. */
  readonly store: string;
  readonly point: string;
  #mount: RunningMount | undefined;

  private constructor(scratch: string, store: string) {
    this.scratch = scratch;
    this.store = store;
    this.point = join(scratch, "mount");
  }

  /** Makes a store and mounts it. A store that exists already, perhaps on a file system of its own, is used as it is. */
  static async start(name: string, flags: readonly string[] = [], store?: string): Promise<MountedStore> {
    const scratch = store === undefined ? await scratchDirectory(name) : dirname(store);
    const mounted = new MountedStore(scratch, store ?? join(scratch, "store"));
    await mkdir(mounted.store, { recursive: true });
    await mkdir(mounted.point);
    await mounted.mountAgain(flags);
    return mounted;
  }

  get mount(): RunningMount {
    if (this.#mount === undefined) throw new Error("nothing is mounted now");
    return this.#mount;
  }

  /** A path below the mount point. */
  at(...names: readonly string[]): string {
    return join(this.point, ...names);
  }

  /** The same path in the directory itself. */
  inStore(...names: readonly string[]): string {
    return join(this.store, ...names);
  }

  async mountAgain(flags: readonly string[] = []): Promise<void> {
    this.#mount = await RunningMount.start(`dir:${this.store}`, this.point, flags);
  }

  /** Unmounts by the command; everything must have been delivered. */
  async unmount(): Promise<void> {
    const mount = this.mount;
    const asked = await runHoldfast(["unmount", this.point]);
    if (asked.status !== 0) throw new Error(`unmount: ${asked.stdout}${asked.stderr}${mount.log}`);
    const ended = await mount.finished();
    if (ended.status !== 0) throw new Error(`the mount ended with ${ended.status}: ${mount.log}`);
    this.#mount = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mount?.[Symbol.asyncDispose]();
    this.#mount = undefined;
  }
}
