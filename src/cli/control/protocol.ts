/**
 * What the command and a running mount say to each other: one JSON value a line over a Unix socket. A request is one line;
 * progress lines may come before the one line that answers it.
 */
import type { WritebackOutcome } from "../../cache/index.ts";
import type { RefusalClass } from "../../port/index.ts";
import type { EntryFate } from "../../rescue/index.ts";

export interface OpenFileStatus {
  readonly path: string;
  readonly uid: number;
  readonly access: "read" | "write" | "read and write";
  readonly processId: number | undefined;
}

export interface DirtyFileStatus {
  readonly path: string;
  readonly dirtyBytes: number;
  /** Refused bytes that could not be rescued and are in memory only. */
  readonly unrescuedBytes: number;
}

/** Bytes that the store refused. */
export interface RefusalStatus {
  /** ISO 8601 in UTC, with nanoseconds. */
  readonly toldAt: string;
  readonly path: string;
  /** Whose bytes they are. */
  readonly uid: number;
  readonly credential: string;
  readonly code: string;
  /** The store's own words. */
  readonly why: string;
  readonly class: RefusalClass;
  readonly outcome: WritebackOutcome;
  readonly byteCount: number;
  /** The first of them; `rangeCount` counts them all. */
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
  readonly rangeCount: number;
  /** The rescue entry, or the name of the copy; null while the bytes are in memory only. */
  readonly rescueId: string | null;
  /** What became of the rescue entry since; null where there is none, or nobody could look. */
  readonly fate: EntryFate | null;
  /** Of a copy: it has the store's newer bytes besides the refused ones. */
  readonly copyIsMixed: boolean;
  /** Why the bytes could not be rescued. */
  readonly rescueFailure: string | null;
  readonly sizeBefore: number;
  readonly sizeAfter: number;
  /** Zeros where refused bytes were, below the end of the file. */
  readonly hole: { readonly start: number; readonly end: number } | null;
  readonly mayHaveBeenRead: boolean;
}

/** What the store refused since the mount began. */
export interface RefusalsStatus {
  /** Where refused bytes are kept. */
  readonly rescueDirectory: string;
  /** The newest, oldest first, and all whose bytes are in memory only. */
  readonly refusals: readonly RefusalStatus[];
  /** All of them, those too that are no longer listed. */
  readonly refusalCount: number;
  /** Those that nobody has disposed of: their entry was neither restored nor discarded. One no longer listed counts. */
  readonly standingCount: number;
}

export interface MountStatus extends RefusalsStatus {
  readonly directory: string;
  /** With secrets masked. */
  readonly url: string;
  readonly processId: number;
  readonly state: "serving" | "draining";
  readonly mountedAtMs: number;
  readonly openFiles: readonly OpenFileStatus[];
  readonly dirtyFiles: readonly DirtyFileStatus[];
  readonly dirtyBytes: number;
  /** The volume's gauges and counters by name. */
  readonly volume: Readonly<Record<string, unknown>>;
  /** The mount's counters by name. */
  readonly requests: Readonly<Record<string, unknown>>;
}

export type ControlRequest =
  | { readonly verb: "status" }
  | { readonly verb: "unmount"; readonly force: boolean; readonly drainTimeoutMs: number | undefined };

/** The lines that may come before the answer. */
export interface ControlProgress {
  readonly kind: "progress";
  readonly dirtyBytes: number;
}

export type ControlAnswer =
  | { readonly kind: "status"; readonly status: MountStatus }
  /** The mount is gone; `left` says what could not be delivered. */
  | ({ readonly kind: "unmounted"; readonly left: readonly string[] } & RefusalsStatus)
  /** Files are open, so nothing was unmounted. */
  | { readonly kind: "busy"; readonly openFiles: readonly OpenFileStatus[] }
  /** Bytes could not be delivered, so nothing was unmounted. */
  | { readonly kind: "undelivered"; readonly message: string; readonly dirtyFiles: readonly DirtyFileStatus[] }
  | { readonly kind: "error"; readonly message: string };

/** The longest line either side takes. */
export const lineBytesMax: number = 16 * 1024 * 1024;

/** One value as a line. Numbers too large for JSON become text. */
export function encodeLine(value: ControlRequest | ControlProgress | ControlAnswer): string {
  return `${JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? part.toString() : part))}\n`;
}
