/**
 * A process of its own that works on files as a test tells it, call by call: as any user, with any groups, holding files
 * open between calls, blocked in a call for as long as the file system takes, killed when the test says so.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { checkout } from "./checkout.ts";
import { ownProgram } from "./mounted-store.ts";

const answerMsUsual = 30_000;

/** Who a worker is: the test's own user unless said otherwise. */
export interface Person {
  readonly uid: number;
  readonly gid: number;
  readonly groups?: readonly number[];
}

export interface Status {
  readonly size: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

type Answer = { readonly value: unknown } | { readonly code: string };

export class Worker implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** A call that takes longer ends with the death of its process. */
  readonly #answerMsMax: number;
  readonly #ended: Promise<unknown>;
  readonly #waiting: ((answer: Answer) => void)[] = [];

  private constructor(child: ChildProcess, answerMsMax: number) {
    this.#child = child;
    this.#answerMsMax = answerMsMax;
    this.#ended = once(child, "close").then(() => {
      for (const tell of this.#waiting.splice(0)) tell({ code: "ended" });
    });
    if (child.stdout === null) throw new Error("the worker has no standard output");
    createInterface({ input: child.stdout }).on("line", (line) => this.#waiting.shift()?.(JSON.parse(line) as Answer));
  }

  /** Starts a worker whose paths are below `directory`; its program is copied to where every user can read it. */
  static async start(
    scratch: string,
    directory: string,
    person?: Person,
    answerMsMax: number = answerMsUsual,
  ): Promise<Worker> {
    const program = join(scratch, "worker.mjs");
    for (const path of [scratch, dirname(scratch)]) await chmod(path, 0o755);
    await copyFile(ownProgram("worker"), program);
    const groups = person?.groups === undefined ? "--clear-groups" : `--groups=${person.groups.join(",")}`;
    const identity = person === undefined ? [] : [`--reuid=${person.uid}`, `--regid=${person.gid}`, groups];
    const [command = "", ...parameters] = [...(person === undefined ? [] : ["setpriv"]), ...identity, process.execPath];
    const child = spawn(command, [...parameters, program, directory, checkout], {
      cwd: "/",
      stdio: ["pipe", "pipe", "inherit"],
    });
    const worker = new Worker(child, answerMsMax);
    await worker.do("pid");
    return worker;
  }

  get processId(): number {
    return this.#child.pid ?? -1;
  }

  /** Asks for a call; answers `ok`, its value as JSON, or the code of its error. */
  async try(name: string, ...parameters: readonly unknown[]): Promise<string> {
    const answer = await this.#ask(name, parameters);
    return "code" in answer ? answer.code : "ok";
  }

  /** Asks for a call that must succeed; answers its value. */
  async do<Value = number>(name: string, ...parameters: readonly unknown[]): Promise<Value> {
    const answer = await this.#ask(name, parameters);
    if ("code" in answer) throw new Error(`${name} ${JSON.stringify(parameters)}: ${answer.code}`);
    return answer.value as Value;
  }

  async #ask(name: string, parameters: readonly unknown[]): Promise<Answer> {
    const answered = new Promise<Answer>((resolve) => this.#waiting.push(resolve));
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), this.#answerMsMax);
    this.#child.stdin?.write(`${JSON.stringify([name, ...parameters])}\n`);
    try {
      return await answered;
    } finally {
      clearTimeout(timer);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills the process; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), this.#answerMsMax);
    await this.#ended;
    clearTimeout(timer);
  }
}
