/** What changes a file, as the model remembers it: each change lies between two ticks, and nobody may say where. */

/** The model's time: it grows with whatever begins or ends. */
export type Tick = number;

/** The end of a change that is under way. */
export const notEnded: Tick = Number.POSITIVE_INFINITY;

/** A write, cut or punch through the cache. */
export interface LocalChange {
  readonly kind: "write" | "resize" | "zero";
  /** Place in the file's list, from 1. */
  readonly number: number;
  readonly credentialId: string;
  /** What its bytes tell: a write's id, 0 for zeros. */
  readonly valueId: number;
  /** The bytes it changes; of a resize all from the new size on. -1 while the place of an append is not known. */
  start: number;
  end: number;
  readonly begun: Tick;
  ended: Tick;
  /** It failed: nothing was done, or nothing is known. */
  isVoid: boolean;
  /** It was begun at once and then written anew as a whole, so that its first bytes may be sent once more. */
  isWrittenAnew: boolean;
}

/** Bytes that the store had refused and a person wrote to it again: all changes of one restore share it. */
export interface Restored {
  /** They were committed. */
  isDurable: boolean;
}

/** A change that the server has made, whoever asked for it. */
export interface ServerChange {
  readonly tick: Tick;
  readonly atMs: number;
  readonly start: number;
  readonly end: number;
  /** What the bytes tell; -1 for one that brought back bytes out of `contents`, the whole file's. */
  readonly valueId: number;
  readonly contents: Uint8Array | undefined;
  /** Set when a person brought them back. */
  readonly restored?: Restored;
  readonly sizeAfter: number;
  /** Whose it is; undefined for one of another client. Of equal cuts under way at once nobody sees which one it was. */
  local: LocalChange | undefined;
}

/** A piece of a write that the server refused: from `begun` on it may leave the cache, by `ended` it has. */
export interface RefusedRun {
  readonly start: number;
  readonly end: number;
  readonly change: LocalChange;
  readonly begun: Tick;
  ended: Tick;
  /** It may be seen afterwards, too: until something else takes its place. */
  lingers: boolean;
}

/** Whether the first was over before the other began. */
export function isBefore(first: LocalChange, other: LocalChange): boolean {
  return first.ended < other.begun;
}
