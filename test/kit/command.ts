/**
 * The built command in child processes: one run to its end, or a mount that serves until it is told to stop. Every wait is
 * bounded. Tests never touch a mount from the process that serves it, for that is another process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { checkout } from "./checkout.ts";
import { scratchVariable } from "./scratch.ts";

/** The command as a user starts it. */
export const commandPath: string = join(checkout, "bin", "holdfast.js");
const runMsMax = 60_000;
const readyMsMax = 20_000;
const stopMsMax = 60_000;

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** The environment of children: runtime and rescue directories lie in the run's scratch directory, so that runs stay apart. */
async function environmentOf(options: RunOptions): Promise<NodeJS.ProcessEnv> {
  const scratch = process.env[scratchVariable];
  if (scratch === undefined) throw new Error(`${scratchVariable} is not set: run integration tests through vitest`);
  const runtime = join(scratch, "run");
  await mkdir(runtime, { recursive: true });
  return { ...process.env, XDG_RUNTIME_DIR: runtime, XDG_STATE_HOME: join(scratch, "state"), ...options.environment };
}

/** Runs a program to its end; one that takes too long is killed, and that is an error. */
export async function runProgram(
  program: string,
  parameters: readonly string[],
  options: RunOptions & { readonly msMax?: number } = {},
): Promise<Finished> {
  const child = spawn(program, parameters, {
    cwd: options.directory,
    env: await environmentOf(options),
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid ?? options.uid }),
  });
  const output = collect(child);
  const timer = setTimeout(() => child.kill("SIGKILL"), options.msMax ?? runMsMax);
  const [status, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  return { status, signal, stdout: output.stdout(), stderr: output.stderr() };
}

/** Runs a verb of the command to its end. */
export function runHoldfast(parameters: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return runProgram(process.execPath, [commandPath, ...parameters], options);
}

function collect(child: ChildProcess): { stdout: () => string; stderr: () => string } {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
    stdout += piece;
  });
  child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
    stderr += piece;
  });
  return { stdout: () => stdout, stderr: () => stderr };
}

/** A mount in the foreground of a child process. */
export class RunningMount implements AsyncDisposable {
  readonly directory: string;
  readonly #child: ChildProcess;
  readonly #output: ReturnType<typeof collect>;
  readonly #finished: Promise<Finished>;

  private constructor(directory: string, child: ChildProcess) {
    this.directory = directory;
    this.#child = child;
    this.#output = collect(child);
    this.#finished = once(child, "close").then(([status, signal]) => ({
      status: status as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.#output.stdout(),
      stderr: this.#output.stderr(),
    }));
  }

  /** Starts the mount; resolves when it is ready, rejects with everything it said when it ends before. */
  static async start(
    url: string,
    directory: string,
    flags: readonly string[] = [],
    options: RunOptions = {},
  ): Promise<RunningMount> {
    const child = spawn(process.execPath, [commandPath, "mount", url, directory, ...flags], {
      cwd: options.directory,
      env: await environmentOf(options),
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid ?? options.uid }),
    });
    const mount = new RunningMount(directory, child);
    await mount.#ready(`holdfast: mounted ${url} at ${directory}\n`);
    return mount;
  }

  get processId(): number {
    return this.#child.pid ?? -1;
  }

  /** Everything on standard error so far: the log. */
  get log(): string {
    return this.#output.stderr();
  }

  async #ready(line: string): Promise<void> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), readyMsMax);
    try {
      while (!this.#output.stdout().includes(line)) {
        const ended = this.#finished.then(() => true);
        const more = once(this.#child.stdout ?? this.#child, "data").then(() => false);
        if (await Promise.race([ended, more])) throw new Error(`the mount ended early: ${this.log}`);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks the mount to end by a signal, and waits for its end. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Finished> {
    this.#child.kill(signal);
    return this.finished();
  }

  /** Waits for the end; a mount that does not end in time is killed, and its status then is null. */
  async finished(): Promise<Finished> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopMsMax);
    const result = await this.#finished;
    clearTimeout(timer);
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.stop();
  }
}
