/** What is compared: something that makes a mount of the served directory, and what its user can do about refused bytes. */
import type { Cause } from "./causes.ts";
import type { Ground, Piece } from "./ground.ts";

/** Bytes of the file that are kept somewhere else than on the server. */
export interface Kept {
  readonly where: string;
  readonly pieces: readonly Piece[];
}

/** A mount in use. */
export interface Client extends AsyncDisposable {
  readonly point: string;
  /** How long it is given to bring the bytes to the server by itself, once nothing is in the way. */
  readonly patienceMs: number;
  /**
   * Resolves when what was written has been sent or refused; answers what only its log tells, and when
   * (`performance.now()`). Not awaited where nothing answers.
   */
  settled(): Promise<{ readonly atMs: number; readonly line: string } | undefined>;
  kept(): Promise<readonly Kept[]>;
  /** Does what its user would do to have the kept bytes on the server; answers what that was. */
  restore(takeAway: () => Promise<void>): Promise<string>;
}

export interface Contender {
  readonly name: string;
  readonly isOverWire: boolean;
  /** How its version is learned. */
  readonly version: readonly string[];
  takesPartIn(cause: Cause): boolean;
  start(ground: Ground): Promise<Client>;
}
