/**
 * The entries of a script: plain data. An actor does its own entries one after the other, all actors at once; a quiet point
 * is waited for by everybody. Leaving any entry out leaves a script that can be played.
 */

/** Who does an operation: 0 and up are programs on the volume, -1 is everybody and everything else. */
export type ActorNumber = number;
export const others: ActorNumber = -1;

interface Timed {
  readonly actor: ActorNumber;
  /** Virtual time that the actor lets pass first. */
  readonly afterMs: number;
}

/** What a program does. `slot` is one of the actor's places for an open file, `file` a number of a name. */
export type ProgramOperation = Timed &
  (
    | { readonly kind: "open"; readonly slot: number; readonly file: number; readonly access: "r" | "w" | "rw" | "a" }
    | { readonly kind: "close"; readonly slot: number }
    | { readonly kind: "read"; readonly slot: number; readonly position: number; readonly length: number }
    | { readonly kind: "write"; readonly slot: number; readonly position: number; readonly length: number }
    | { readonly kind: "append"; readonly slot: number; readonly length: number }
    | { readonly kind: "truncate"; readonly slot: number; readonly size: number }
    | { readonly kind: "punch"; readonly slot: number; readonly position: number; readonly length: number }
    | { readonly kind: "fsync"; readonly slot: number }
    | { readonly kind: "stat"; readonly slot: number }
    | { readonly kind: "invalidate"; readonly slot: number }
    | { readonly kind: "sync" }
    | { readonly kind: "unlink"; readonly file: number }
    | { readonly kind: "rename"; readonly file: number; readonly to: number }
  );

/** What happens elsewhere. */
export type OtherOperation = Timed &
  (
    | { readonly kind: "otherWrite"; readonly file: number; readonly position: number; readonly length: number }
    | { readonly kind: "otherTruncate"; readonly file: number; readonly size: number }
    | { readonly kind: "otherDelete"; readonly file: number }
    | { readonly kind: "otherMode"; readonly file: number; readonly mode: number }
    | { readonly kind: "weather"; readonly weather: string; readonly isOn: boolean }
    | { readonly kind: "crash" }
  );

/** Everybody waits; what must be equal now is compared. After a settled one the store has everything. */
export interface QuietPoint {
  readonly actor: ActorNumber;
  readonly afterMs: number;
  readonly kind: "quiet";
  readonly isSettled: boolean;
}

export type Operation = ProgramOperation | OtherOperation | QuietPoint;
