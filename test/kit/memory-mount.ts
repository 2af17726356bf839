/** A mount of a memory server in a child process that obeys orders; see programs/memory-mount.js. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("./programs/memory-mount.js", import.meta.url));
const answerMsMax = 20_000;

export type Told = Readonly<Record<string, unknown>>;

export class MemoryMount implements AsyncDisposable {
  readonly directory: string;
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #told: Told[] = [];
  readonly #listeners: ((told: Told) => void)[] = [];

  private constructor(directory: string, child: ChildProcess) {
    this.directory = directory;
    this.#child = child;
    if (child.stdout === null) throw new Error("the child's output is a pipe");
    this.#lines = createInterface({ input: child.stdout });
    this.#lines.on("line", (line) => {
      const told = JSON.parse(line) as Told;
      const listener = this.#listeners.shift();
      if (listener === undefined) this.#told.push(told);
      else listener(told);
    });
  }

  /** Mounts; `wrapper` is a command that runs another command, for starting as somebody else or in another name space. */
  static async start(
    directory: string,
    volumeOptions: object = {},
    wrapper: readonly string[] = [],
  ): Promise<MemoryMount> {
    const parameters = [...wrapper, process.execPath, program, directory, JSON.stringify(volumeOptions)];
    const [command = process.execPath, ...others] = parameters;
    const child = spawn(command, others, { stdio: ["pipe", "pipe", "inherit"] });
    const mount = new MemoryMount(directory, child);
    const early = once(child, "close").then(() => Promise.reject(new Error("the mount ended before it was ready")));
    await Promise.race([mount.next(), early]);
    early.catch(() => undefined);
    return mount;
  }

  get processId(): number {
    return this.#child.pid ?? -1;
  }

  /** Gives an order and waits for its answer. */
  order(deed: string, details: object = {}): Promise<Told> {
    this.#child.stdin?.write(`${JSON.stringify({ deed, ...details })}\n`);
    return this.next();
  }

  async counters(): Promise<{ readonly requests: Readonly<Record<string, number>>; readonly [name: string]: unknown }> {
    return (await this.order("counters")) as Awaited<ReturnType<MemoryMount["counters"]>>;
  }

  /** The next line that it says. */
  next(): Promise<Told> {
    const told = this.#told.shift();
    if (told !== undefined) return Promise.resolve(told);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer within ${answerMsMax} ms`)), answerMsMax);
      this.#listeners.push((answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  /** Kills it as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "close");
  }

  /** Waits for its end; answers with its exit status. */
  async finished(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, "close");
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    await this.order("unmount", { force: true }).catch(() => this.#child.kill("SIGKILL"));
    this.#child.stdin?.end();
    await this.finished();
  }
}
