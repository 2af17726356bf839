/**
 * The entries of a script: plain data. An actor does its own entries one after the other, all actors at once; a quiet point
 * is waited for by everybody. Leaving any entry out leaves a script that can be played.
 */
import type { RenameMode } from "../../src/port/index.ts";
import type { Medium } from "./media.ts";
import type { Weather } from "./weather.ts";

interface Entry {
  /** Programs on the volume are 0 and up; -1 is everybody and everything else but the person, who is -2. */
  readonly actor: number;
  /** Virtual time that the actor lets pass first. */
  readonly afterMs: number;
  /** When the caller gives up, counted from the beginning; left out: never. */
  readonly interruptMs?: number;
}

export const others = -1;
/** Who restores what was refused. */
export const person = -2;

export function nameOfActor(actor: number): string {
  if (actor === person) return "person";
  return actor === others ? "others" : `actor ${actor}`;
}

/** How bytes are asked for: at once if possible, with waiting, as views of frames, or past what the kernel keeps (O_DIRECT). */
export type ReadWay = "now" | "wait" | "views" | "direct";
/** How bytes are given: at once if possible, with waiting, as frames that may be taken over, or past what the kernel keeps. */
export type WriteWay = "now" | "wait" | "frames" | "direct";
export type Access = "r" | "w" | "rw" | "a";

/** What a program does. `slot` is one of the actor's places for an open file, `file` the number of a name. */
export type ProgramOperation = Entry &
  (
    | {
        readonly kind: "open";
        readonly slot: number;
        readonly file: number;
        readonly access: Access;
        /** O_TRUNC: what is there already is cut to nothing. */
        readonly truncates?: boolean;
      }
    | { readonly kind: "close"; readonly slot: number }
    | {
        readonly kind: "read";
        readonly slot: number;
        readonly position: number;
        readonly length: number;
        readonly way: ReadWay;
      }
    | {
        readonly kind: "write";
        readonly slot: number;
        readonly position: number;
        readonly length: number;
        readonly way: WriteWay;
      }
    | { readonly kind: "append"; readonly slot: number; readonly length: number }
    | { readonly kind: "truncate"; readonly slot: number; readonly size: number }
    | { readonly kind: "punch"; readonly slot: number; readonly position: number; readonly length: number }
    | { readonly kind: "fsync"; readonly slot: number }
    | { readonly kind: "stat"; readonly slot: number }
    | { readonly kind: "invalidate"; readonly slot: number; readonly position: number; readonly length: number }
    | { readonly kind: "map"; readonly slot: number }
    | { readonly kind: "load"; readonly slot: number; readonly position: number; readonly length: number }
    | { readonly kind: "store"; readonly slot: number; readonly position: number }
    | { readonly kind: "msync"; readonly slot: number }
    | { readonly kind: "unmap"; readonly slot: number }
    | { readonly kind: "sync" }
    | { readonly kind: "unlink"; readonly file: number }
    | { readonly kind: "rename"; readonly file: number; readonly to: number; readonly way: RenameMode }
    | { readonly kind: "link"; readonly file: number; readonly to: number }
  );

/** Done on what a slot has mapped, which outlasts what it has open. */
export type MappingOperation = Extract<ProgramOperation, { kind: "load" | "store" | "msync" | "unmap" }>;

/** Done on what a slot has open. */
export type SlotOperation = Exclude<
  ProgramOperation,
  MappingOperation | { kind: "open" | "sync" | "unlink" | "rename" | "link" }
>;

/** What happens elsewhere. */
export type OtherOperation = Entry &
  (
    | { readonly kind: "otherWrite"; readonly file: number; readonly position: number; readonly length: number }
    | {
        readonly kind: "otherTruncate";
        readonly file: number;
        readonly size: number;
      } /** With `forgets`, the server does not care who has the file open. */
    | { readonly kind: "otherDelete"; readonly file: number; readonly forgets: boolean }
    | { readonly kind: "otherMode"; readonly file: number; readonly mode: number }
    | { readonly kind: "weather"; readonly weather: Weather; readonly isOn: boolean }
    | { readonly kind: "crash" }
    /** What is in the drive from now on. */
    | { readonly kind: "medium"; readonly inserted: Medium | "none" }
  );

/** What the person does: bytes of the file that the rescue was given are written to the store again (S5.3). */
export type RestoreOperation = Entry & {
  readonly kind: "restore";
  readonly file: number;
  /** How many of the file's entries are younger than the one that is restored. */
  readonly age: number;
  readonly overwrites: boolean;
  /** In the superuser's name, not in that of whoever wrote the bytes. */
  readonly isSuperuser: boolean;
  /** Whether the entry stays when all of it is in the store again. */
  readonly staysAfter: boolean;
};

/** Everybody waits; what must be equal now is compared. At a settled one all troubles end, and the store gets everything. */
export type QuietPoint = Entry & { readonly kind: "quiet"; readonly isSettled: boolean };

export type Operation = ProgramOperation | OtherOperation | RestoreOperation | QuietPoint;
