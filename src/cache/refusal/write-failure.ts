/** What is told of a write-back that failed: one event for each failure that joins a file's error sequence. */
import { type ByteCount, type ByteOffset, Failure } from "../../base/index.ts";
import type { Credential, RefusalClass, RescueId } from "../../port/index.ts";

/** What of a write-back failed: sending bytes, or making them durable. */
export type WritebackOperation = "write" | "commit";

/**
 * What became of the bytes. "keptDirty": they are sent again later. "excised", "invalidated", "salvaged": what the policy of
 * that name does. "unrescued": refused, and in memory only, since rescue failed. "copied": in a copy beside the file.
 * "uncertain": the store had taken them, and could not make them durable.
 */
export type WritebackOutcome =
  | "keptDirty"
  | "excised"
  | "invalidated"
  | "salvaged"
  | "unrescued"
  | "copied"
  | "uncertain";

export interface FailedRange {
  readonly start: ByteOffset;
  readonly end: ByteOffset;
}

export interface WritebackFailure {
  readonly failure: Failure;
  readonly operation: WritebackOperation;
  readonly refusalClass: RefusalClass;
  readonly outcome: WritebackOutcome;
  /** Whose bytes they are; of a commit, who asked for it. */
  readonly credential: Credential;
  /** Ascending, apart from each other; of a commit, the whole file. */
  readonly ranges: readonly FailedRange[];
  /** Where the bytes are kept: the rescue entry, or the name of the copy. */
  readonly rescueId: RescueId | undefined;
  /** Of a copy: it has the store's newer bytes besides the refused ones, for not all of what they were written on was cached. */
  readonly copyIsMixed: boolean;
  /** Why rescue failed. */
  readonly rescueFailure: Failure | undefined;
  /** The file's size as programs saw it before the refusal, and after it. */
  readonly sizeBefore: ByteCount;
  readonly sizeAfter: ByteCount;
  /** Refused bytes that had made the file longer and lie below its end all the same: zeros, unless others wrote there. */
  readonly hole: FailedRange | undefined;
  /** Whether somebody read the file here since the first of the bytes was written, and may have seen them (S0.16). */
  readonly mayHaveBeenRead: boolean;
}

/** What there is to tell of a failure that refused nothing: the bytes and the size are as they were. */
export type PlainFailure = Omit<
  WritebackFailure,
  "rescueId" | "copyIsMixed" | "rescueFailure" | "sizeBefore" | "sizeAfter" | "hole"
>;

/** A failure as it stands in a file's error sequence: with all that was told of it. */
export class ToldFailure extends Failure {
  readonly told: WritebackFailure;

  constructor(told: WritebackFailure) {
    const syscall = told.operation === "write" ? "write" : "fsync";
    super(told.failure.code, { syscall, detail: describeOutcome(told), cause: told.failure });
    this.told = told;
  }
}

/** The class, and where the bytes are, in words for a person. */
export function describeOutcome(failed: WritebackFailure): string {
  const { refusalClass, outcome, rescueId, copyIsMixed, rescueFailure } = failed;
  if (outcome === "keptDirty") return `${refusalClass}; the bytes are kept and sent again`;
  if (outcome === "uncertain") return `${refusalClass}; the bytes were taken, but are not known to be durable`;
  if (outcome === "copied") {
    const besides = copyIsMixed ? ", a copy of what the store has now" : "";
    return `${refusalClass}; the bytes were written to ${rescueId}${besides}`;
  }
  if (rescueId !== undefined) return `${refusalClass}; the bytes are kept in rescue as ${rescueId}`;
  const why = rescueFailure === undefined ? "" : `: ${rescueFailure.message}`;
  return `${refusalClass}; the bytes are in memory only${why}`;
}
