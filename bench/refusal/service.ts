/** A program that serves until it is told to end, and all that it says meanwhile. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

const endMsMax = 10_000;

export class Service implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #said = "";

  constructor(program: string, parameters: readonly string[]) {
    this.#child = spawn(program, parameters, { cwd: "/", stdio: ["ignore", "pipe", "pipe"] });
    this.#ended = once(this.#child, "close");
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (piece: string) => {
        this.#said += piece;
      });
    }
  }

  get processId(): number {
    return this.#child.pid ?? -1;
  }

  get said(): string {
    return this.#said;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), endMsMax);
    await this.#ended;
    clearTimeout(timer);
  }
}
