/** So many at once and no more; the others wait, first come, first served. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #freeCount: number;

  constructor(count: number) {
    this.#freeCount = count;
  }

  /** Has a slot until the answer is disposed of. */
  async take(): Promise<Disposable> {
    if (this.#freeCount > 0) this.#freeCount--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return { [Symbol.dispose]: () => this.#giveBack() };
  }

  /** Hands the slot over to who waits longest: nobody slips in between. */
  #giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#freeCount++;
    else next();
  }
}
