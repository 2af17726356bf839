/**
 * What `fsync`, `close` and `sync` throw for a write-back that failed: whose bytes, which, why, and where they are now. It has
 * the shape of every `Failure`, with the code of the store's own.
 */
import { Failure } from "../../base/index.ts";
import { describeOutcome, type FailedRange, ToldFailure, type WritebackOutcome } from "../../cache/index.ts";
import type { RefusalClass, RescueId } from "../../port/index.ts";

export class FailedWriteback extends Failure {
  /** The bytes it is about, ascending, apart from each other. */
  readonly ranges: readonly FailedRange[];
  readonly refusalClass: RefusalClass;
  readonly outcome: WritebackOutcome;
  /** `Credential.id` of whose bytes they are. */
  readonly credentialId: string;
  /** The rescue entry, or the name of the copy; undefined where the bytes are neither. */
  readonly rescueId: RescueId | undefined;

  /** `more` is said besides, for a person. */
  constructor(syscall: string, path: string, failure: ToldFailure, more?: string) {
    const { told } = failure;
    const detail = more === undefined ? describeOutcome(told) : `${describeOutcome(told)}; ${more}`;
    super(failure.code, { syscall, path, detail, cause: failure });
    this.ranges = told.ranges;
    this.refusalClass = told.refusalClass;
    this.outcome = told.outcome;
    this.credentialId = told.credential.id;
    this.rescueId = told.rescueId;
  }
}

/** What is thrown for a failure of write-back that was not heard of before. */
export function unheardFailure(syscall: string, path: string, failure: Failure, more?: string): Failure {
  if (failure instanceof ToldFailure) return new FailedWriteback(syscall, path, failure, more);
  return new Failure(failure.code, { syscall, path, cause: failure, ...(more === undefined ? {} : { detail: more }) });
}
