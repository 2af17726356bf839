/**
 * The failure of an operation that the caller stopped waiting for while the store may still be doing it: the deadline
 * passed, or the caller's signal fired. Its frames may still be read or written; `settled` tells when that is over.
 */
import { type ErrorCode, Failure, type FailureDetails } from "../base/index.ts";

export class LateFailure extends Failure {
  /** Resolves with the store's answer, or rejects, when the operation has really ended; perhaps never. */
  readonly settled: Promise<unknown>;

  constructor(code: ErrorCode, details: FailureDetails, settled: Promise<unknown>) {
    super(code, details);
    this.settled = settled;
  }
}
