/**
 * The model of a race: what was done to the file, when it began and ended, and what came of it; also what was done to it by
 * a refusal, from when the bytes are in rescue until it is told, and by another client, from then on at any time. The outcome
 * is right when all of it can be put one after another, nothing before what had ended when it began, so that each has the
 * result it had and the last leaves the file as it was found (linearizability, Herlihy and Wing 1990; searched by brute force).
 */
import { begins, ends, touch } from "../../kit/schedule/footprint.ts";
import { type Excision, FileState } from "./file-state.ts";

/** What an operation does, seen from outside. */
export interface Act<Result> {
  readonly name: string;
  /** The file afterwards; undefined when the result contradicts the file as it was. */
  readonly effect: (before: FileState, result: Result, beganAt: number) => FileState | undefined;
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
  readonly effect: (before: FileState) => FileState | undefined;
  readonly changed: { readonly start: number; readonly end: number } | undefined;
}

export class History {
  readonly acknowledged: Acknowledged[] = [];
  readonly #initial: FileState;
  readonly #done: Done[] = [];
  #now = 0;

  constructor(initial: Uint8Array) {
    this.#initial = FileState.of(initial);
  }

  /** Does it, and remembers what it does to the file when it has the result it has. One that throws does nothing. */
  async did<Result>({ name, effect, wrote, cleared }: Act<Result>, work: () => Promise<Result>): Promise<Result> {
    const beganAt = this.now();
    const result = await work();
    const written = wrote?.(result);
    if (written !== undefined) this.acknowledged.push({ name, ...written, beganAt });
    this.#done.push({
      name,
      beganAt,
      endedAt: this.#end(),
      effect: (before) => effect(before, result, beganAt),
      changed: written === undefined ? cleared : rangeOf(written),
    });
    return result;
  }

  /** The moment at which something begins. */
  now(): number {
    touch(this, begins);
    return this.#now++;
  }

  #end(): number {
    touch(this, ends);
    return this.#now++;
  }

  /** Refused bytes have left, between then and now. */
  excised(name: string, beganAt: number, what: Omit<Excision, "toldAt">): void {
    const endedAt = this.#end();
    const effect = (before: FileState): FileState => before.excise({ ...what, toldAt: endedAt });
    this.#done.push({ name: `excision of ${name}`, beganAt, endedAt, effect, changed: undefined });
  }

  /** Another client has written the whole file; it shows when it is found out, and in the end. */
  replaced(bytes: Uint8Array): void {
    const effect = (before: FileState): FileState => before.replaceBase(bytes);
    const endedAt = Number.POSITIVE_INFINITY;
    this.#done.push({ name: "another client's write", beganAt: this.now(), endedAt, effect, changed: undefined });
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

  /** Why no order of all that was done leads to these bytes, or to any when the file is gone; undefined when one does. */
  contradiction(final: Uint8Array | undefined): string | undefined {
    if (this.#leadsTo(final, this.#initial, this.#done)) return undefined;
    const lines = this.#done.map(({ name, beganAt, endedAt }) => `  ${name} from ${beganAt} to ${endedAt}`);
    return `no order of these leads to ${final === undefined ? "what was seen" : describeBytes(final)}:\n${lines.join("\n")}`;
  }

  #leadsTo(final: Uint8Array | undefined, state: FileState, left: readonly Done[]): boolean {
    if (left.length === 0) return final === undefined || Buffer.compare(final, state.bytes) === 0;
    const firstEnd = Math.min(...left.map(({ endedAt }) => endedAt));
    return left.some((next) => {
      if (next.beganAt > firstEnd) return false;
      const after = next.effect(state);
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

/** The file as it was, if a read that began at `position` could have seen these bytes in it. */
export function readAs(before: FileState, position: number, seen: Uint8Array, length: number): FileState | undefined {
  const there = before.bytes.subarray(position, position + length);
  return Buffer.compare(there, seen) === 0 ? before : undefined;
}

function rangeOf({ position, bytes }: { position: number; bytes: Uint8Array }): { start: number; end: number } {
  return { start: position, end: position + bytes.length };
}
