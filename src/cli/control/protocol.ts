/**
 * What the command and a running mount say to each other: one JSON value a line over a Unix socket. A request is one line;
 * progress lines may come before the one line that answers it.
 */

export interface OpenFileStatus {
  readonly path: string;
  readonly uid: number;
  readonly access: "read" | "write" | "read and write";
  readonly processId: number | undefined;
}

export interface DirtyFileStatus {
  readonly path: string;
  readonly dirtyBytes: number;
}

export interface MountStatus {
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
  /** The mount is gone; `left` names what could not be delivered. */
  | { readonly kind: "unmounted"; readonly left: readonly string[] }
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
