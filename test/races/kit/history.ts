/**
 * The model of a race: what was done to the file, when it began and ended, and what came of it. The outcome is right when
 * the operations can be put one after another, none before one that had ended when it began, so that each has the result it
 * had and the last leaves the file as it was found (linearizability, Herlihy and Wing 1990; searched by brute force).
 */

/** What an operation does, seen from outside. */
export interface Act<Result> {
  readonly name: string;
  /** The file afterwards; undefined when the result contradicts the file as it was. */
  readonly effect: (before: Uint8Array, result: Result) => Uint8Array | undefined;
  /** The bytes that are acknowledged with this result. */
  readonly wrote?: (result: Result) => { readonly position: number; readonly bytes: Uint8Array };
  /** What is cut off or punched out. */
  readonly cleared?: { readonly start: number; readonly end: number };
}

/** A write that was answered. */
export interface Acknowledged {
  readonly name: string;
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly beganAt: number;
}

interface Done {
  readonly name: string;
  readonly beganAt: number;
  readonly endedAt: number;
  readonly effect: (before: Uint8Array) => Uint8Array | undefined;
  readonly changed: { readonly start: number; readonly end: number } | undefined;
}

export class History {
  readonly acknowledged: Acknowledged[] = [];
  readonly #initial: Uint8Array;
  readonly #done: Done[] = [];
  #now = 0;

  constructor(initial: Uint8Array) {
    this.#initial = initial;
  }

  /** Does it, and remembers what it does to the file when it has the result it has. One that throws does nothing. */
  async did<Result>({ name, effect, wrote, cleared }: Act<Result>, work: () => Promise<Result>): Promise<Result> {
    const beganAt = this.#now++;
    const result = await work();
    const written = wrote?.(result);
    if (written !== undefined) this.acknowledged.push({ name, ...written, beganAt });
    this.#done.push({
      name,
      beganAt,
      endedAt: this.#now++,
      effect: (before) => effect(before, result),
      changed: written === undefined ? cleared : rangeOf(written),
    });
    return result;
  }

  /** Whether another operation changed this byte that had not ended when the one that began at `since` did. */
  isOvertaken(offset: number, since: number): boolean {
    return this.#done.some(
      ({ beganAt, endedAt, changed }) =>
        beganAt !== since &&
        endedAt > since &&
        changed !== undefined &&
        changed.start <= offset &&
        offset < changed.end,
    );
  }

  /** Why no order of the operations leads to these bytes; undefined when one does. */
  contradiction(final: Uint8Array): string | undefined {
    if (this.#leadsTo(final, this.#initial, this.#done)) return undefined;
    const lines = this.#done.map(({ name, beganAt, endedAt }) => `  ${name} from ${beganAt} to ${endedAt}`);
    return `no order of these leads to ${describeBytes(final)}:\n${lines.join("\n")}`;
  }

  #leadsTo(final: Uint8Array, bytes: Uint8Array, left: readonly Done[]): boolean {
    if (left.length === 0) return Buffer.compare(final, bytes) === 0;
    const firstEnd = Math.min(...left.map(({ endedAt }) => endedAt));
    return left.some((next) => {
      if (next.beganAt > firstEnd) return false;
      const after = next.effect(bytes);
      const rest = left.filter((other) => other !== next);
      return after !== undefined && this.#leadsTo(final, after, rest);
    });
  }
}

/** As in "3 x 1, 4096 x 0". */
export function describeBytes(bytes: Uint8Array): string {
  const runs: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    let end = at + 1;
    while (end < bytes.length && bytes[end] === bytes[at]) end += 1;
    runs.push(`${end - at} x ${bytes[at]}`);
    at = end;
  }
  return runs.length === 0 ? "nothing" : runs.join(", ");
}

/** The file after a write. */
export function written(before: Uint8Array, position: number, source: Uint8Array): Uint8Array {
  const after = resized(before, Math.max(before.length, position + source.length));
  after.set(source, position);
  return after;
}

/** The file after a truncate, which may also extend it with zeros. */
export function resized(before: Uint8Array, size: number): Uint8Array {
  const after = new Uint8Array(size);
  after.set(before.subarray(0, size));
  return after;
}

/** The file as it was, if a read that began at `position` could have seen these bytes in it. */
export function readAs(before: Uint8Array, position: number, seen: Uint8Array, length: number): Uint8Array | undefined {
  const there = before.subarray(position, position + length);
  return Buffer.compare(there, seen) === 0 ? before : undefined;
}

function rangeOf({ position, bytes }: { position: number; bytes: Uint8Array }): { start: number; end: number } {
  return { start: position, end: position + bytes.length };
}
