/** What happened in a run, line by line: hashed always, kept when asked for. Also the tallies of a run. */
import { createHash } from "node:crypto";
import type { Clock } from "../../src/base/index.ts";

const unhashedMax = 8_192;

/** One line of the timeline. */
export interface TraceEntry {
  readonly virtualMs: number;
  /** "actor 2", "store", "others", "cache": who did it. */
  readonly actor: string;
  readonly what: string;
}

export class Timeline {
  readonly entries: TraceEntry[] = [];
  readonly #clock: Clock;
  readonly #keeps: boolean;
  readonly #hash = createHash("sha1");
  /** Lines that are not hashed yet: many at once cost less. */
  #unhashed = "";

  constructor(clock: Clock, keeps: boolean) {
    this.#clock = clock;
    this.#keeps = keeps;
  }

  add(actor: string, what: string): void {
    const virtualMs = this.#clock.nowMs();
    this.#unhashed += `${virtualMs} ${actor} ${what}\n`;
    if (this.#unhashed.length > unhashedMax) this.#takeIn();
    if (this.#keeps) this.entries.push({ virtualMs, actor, what });
  }

  /** 16 hexadecimal digits over all lines. To be asked for once, at the end. */
  digest(): string {
    this.#takeIn();
    return this.#hash.digest("hex").slice(0, 16);
  }

  #takeIn(): void {
    this.#hash.update(this.#unhashed);
    this.#unhashed = "";
  }
}

/** How often each thing happened, by name. */
export class Tallies {
  readonly counts: Record<string, number> = {};

  add(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }
}
