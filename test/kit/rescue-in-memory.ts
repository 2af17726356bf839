/** A rescue that keeps refused bytes in memory, and can be held up or made to fail, for tests of what a cache hands over. */
import { type CancelSignal, Failure } from "../../src/base/index.ts";
import type { RefusedBytes, RescueId, RescueSink } from "../../src/port/index.ts";

export interface RescuedEntry {
  readonly id: RescueId;
  readonly refused: RefusedBytes;
  /** The bytes of each range, as they were when they were kept. */
  readonly bytes: readonly Uint8Array[];
}

export class RescueInMemory implements RescueSink {
  readonly entries: RescuedEntry[] = [];
  /** What every attempt fails with, while it is set. */
  failure: Failure | undefined;
  attempts = 0;
  #gate: Promise<void> | undefined;
  #open: () => void = () => undefined;
  #arrived: (() => void)[] = [];

  /** Attempts wait from now on; what is returned lets them go on. */
  holdUp(): () => void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
    return () => {
      this.#gate = undefined;
      this.#open();
    };
  }

  /** Resolves when this many attempts have been made. */
  async attempted(count: number): Promise<void> {
    while (this.attempts < count) {
      await new Promise<void>((resolve) => {
        this.#arrived.push(resolve);
      });
    }
  }

  async keep(refused: RefusedBytes, _signal: CancelSignal): Promise<RescueId> {
    this.attempts += 1;
    for (const wake of this.#arrived.splice(0)) wake();
    const before = bytesOf(refused);
    await this.#gate;
    if (this.failure !== undefined) throw this.failure;
    const bytes = bytesOf(refused);
    if (Buffer.compare(Buffer.concat(before), Buffer.concat(bytes)) !== 0) throw new Failure("EBADMSG");
    const id = `entry ${this.entries.length + 1}`;
    this.entries.push({ id, refused, bytes });
    return id;
  }
}

function bytesOf({ ranges }: RefusedBytes): Uint8Array[] {
  return ranges.map(({ frames }) => Uint8Array.from(Buffer.concat(frames)));
}
