/**
 * A `Failure` is what the world did wrong, as a value that carries everything a caller or a person needs. It has the
 * shape of Node's system errors (code, errno negative, syscall, path), so programs written for node:fs understand it.
 */
import { describe, type ErrorCode, errnoOf, listedCode } from "./errno.ts";

/** What is known of a failure besides its code. */
export interface FailureDetails {
  /** The operation that failed, in the words of the system call: "write", "fsync", "rename". */
  readonly syscall?: string;
  /** The path the operation was about, as the volume names it. */
  readonly path?: string;
  /** A second path, for rename and link. */
  readonly dest?: string;
  /** More than the code's own sentence says, for a person. */
  readonly detail?: string;
  readonly cause?: unknown;
}

/** An error with a code of the closed table; `errno` is negative as in Node's errors. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: ErrorCode;
  readonly errno: number;
  declare readonly syscall?: string;
  declare readonly path?: string;
  declare readonly dest?: string;
  declare readonly detail?: string;

  constructor(code: ErrorCode, details: FailureDetails = {}) {
    super(messageOf(code, details), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.errno = -errnoOf(code);
    if (details.syscall !== undefined) this.syscall = details.syscall;
    if (details.path !== undefined) this.path = details.path;
    if (details.dest !== undefined) this.dest = details.dest;
    if (details.detail !== undefined) this.detail = details.detail;
  }
}

function messageOf(code: ErrorCode, details: FailureDetails): string {
  const what = [details.syscall, details.path === undefined ? undefined : `'${details.path}'`]
    .filter(Boolean)
    .join(" ");
  const to = details.dest === undefined ? "" : ` -> '${details.dest}'`;
  const why = details.detail === undefined ? describe(code) : `${describe(code)} (${details.detail})`;
  return what === "" ? `${code}: ${why}` : `${code}: ${why}, ${what}${to}`;
}

/** An error that the table has no code for, as EIO with the original as its cause: what it says is not known. */
export class UnlistedFailure extends Failure {
  constructor(details: FailureDetails) {
    super("EIO", details);
  }
}

/**
 * Turns anything thrown into a `Failure`. A `Failure` passes through; an error with a known `code`, or a known number of the
 * system's, keeps it; an aborted operation is EINTR; everything else is an `UnlistedFailure`.
 */
export function failureFrom(thrown: unknown, details: FailureDetails = {}): Failure {
  if (thrown instanceof Failure) return thrown;
  if (typeof thrown === "object" && thrown !== null) {
    const { code, errno, name } = thrown as { code?: unknown; errno?: unknown; name?: unknown };
    // Node has names for the errors that libuv knows; EDQUOT, for one, is "Unknown system error -122".
    const listed = listedCode(code, errno);
    if (listed !== undefined) return new Failure(listed, { ...details, cause: thrown });
    if (name === "AbortError") return new Failure("EINTR", { ...details, cause: thrown });
  }
  return new UnlistedFailure({ ...details, cause: thrown });
}
