/** The calls that one process makes on its open file, what each was answered and when. None is waited for without end. */
import type { Worker } from "../../test/kit/worker.ts";

/** More than the 30 s after which Holdfast gives up a store that does not answer. */
const answerMsMax = 40_000;
/** What a process is given when another has waited in vain already, or for a look by the way. */
const glanceMsMax = 5_000;
/** What a call heard that was given up. */
export const unanswered = "no answer";

export class Calls {
  readonly file: number;
  readonly #worker: Worker;
  readonly #answers = new Map<string, string>();
  #firstErrorMs: number | undefined;
  #isStuck = false;

  constructor(worker: Worker, file: number) {
    this.#worker = worker;
    this.file = file;
  }

  get firstErrorMs(): number | undefined {
    return this.#firstErrorMs;
  }

  /** A call has not been answered; the process can make no other. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** The calls that were not simply answered. */
  get summary(): string {
    const told = [...this.#answers].filter(([, answer]) => answer !== "ok");
    return told.length === 0 ? "nothing" : told.map(([name, answer]) => `${name} ${answer}`).join(", ");
  }

  heard(name: string): string | undefined {
    return this.#answers.get(name);
  }

  async call(name: string, ...parameters: readonly unknown[]): Promise<void> {
    const answer = await this.#bounded(this.#worker.try(name, this.file, ...parameters), answerMsMax);
    if (answer === "stuck") return;
    this.#answers.set(name, answer ?? unanswered);
    if (answer !== undefined && answer !== "ok") this.#firstErrorMs ??= performance.now();
  }

  /** What the file holds as seen through this open file; undefined without an answer. */
  content(): Promise<string | undefined> {
    return this.#glance(this.#worker.do<string>("read", this.file, 4 * 1024 * 1024, 0));
  }

  /** What is read by whoever opens the file now. */
  contentByName(path: string): Promise<string | undefined> {
    return this.#glance(this.#worker.do<string>("readFile", path));
  }

  async sizeByName(path: string): Promise<number | undefined> {
    const status = await this.#glance(this.#worker.do<{ size: number }>("stat", path));
    return status?.size;
  }

  async #glance<Value>(asked: Promise<Value>): Promise<Value | undefined> {
    const value = await this.#bounded(
      asked.catch(() => undefined),
      glanceMsMax,
    );
    return value === "stuck" ? undefined : (value as Value | undefined);
  }

  async #bounded<Value>(asked: Promise<Value>, msMax: number): Promise<Value | undefined | "stuck"> {
    if (this.#isStuck) return "stuck";
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, msMax, "late");
    });
    const value = await Promise.race([asked, late]);
    clearTimeout(timer);
    if (value !== "late") return value as Value;
    this.#isStuck = true;
    return undefined;
  }
}
