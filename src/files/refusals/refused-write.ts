/** The failure that `fsync`, `close` and `sync` throw for bytes that a store refused: whose, which, why, and where they are now. */
import { Failure } from "../../base/index.ts";
import { describeOutcome, type FailedRange, RefusalFailure, type WritebackOutcome } from "../../cache/index.ts";
import type { RefusalClass, RescueId } from "../../port/index.ts";

export class RefusedWrite extends Failure {
  /** The refused bytes, ascending, apart from each other. */
  readonly ranges: readonly FailedRange[];
  readonly refusalClass: RefusalClass;
  readonly outcome: WritebackOutcome;
  /** `Credential.id` of whose bytes they are. */
  readonly credentialId: string;
  /** The rescue entry, or the name of the copy; undefined while the bytes are in memory only. */
  readonly rescueId: RescueId | undefined;

  constructor(syscall: string, path: string, failure: RefusalFailure) {
    const { refused } = failure;
    super(failure.code, { syscall, path, detail: describeOutcome(refused), cause: failure });
    this.ranges = refused.ranges;
    this.refusalClass = refused.refusalClass;
    this.outcome = refused.outcome;
    this.credentialId = refused.credential.id;
    this.rescueId = refused.rescueId;
  }
}

/** What a handle throws for a failure of write-back that it had not heard of. */
export function unheardFailure(syscall: string, path: string, failure: Failure): Failure {
  if (failure instanceof RefusalFailure) return new RefusedWrite(syscall, path, failure);
  return new Failure(failure.code, { syscall, path, cause: failure });
}
