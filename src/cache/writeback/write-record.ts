/**
 * A write record: dirty bytes that one credential wrote and that belong together (the afs_writeback of the AFS thread).
 * Every page with dirty bytes points to exactly one.
 *
 * Words. Only a *pending* record merges with further writes. A *conflicting* one is being flushed because another
 * credential wants one of its pages. A *writing* one has been sent in part or whole. The *usage* counts pages that point here.
 *
 *   pending --- flushForConflict ---> conflicting --- issueFlight ---> writing --- last page released ---> complete
 *      |                                                                  ^
 *      +-------------------------- issueFlight ---------------------------+
 *
 * Invariants. I1 The usage is the number of pages whose record this is. I2 Complete exactly when the usage has fallen to
 * zero. I3 The bounds only widen.
 */
import { assert, type ByteOffset, type Milliseconds } from "../../base/index.ts";
import type { Credential } from "../../port/index.ts";

export type WriteRecordState = "pending" | "conflicting" | "writing" | "complete";

export class WriteRecord {
  readonly credential: Credential;
  /** When its first byte became dirty, on the cache's clock. */
  readonly dirtiedAtMs: Milliseconds;
  state: WriteRecordState = "pending";
  start: ByteOffset;
  end: ByteOffset;
  usage = 0;

  constructor(credential: Credential, start: ByteOffset, end: ByteOffset, dirtiedAtMs: Milliseconds) {
    this.credential = credential;
    this.start = start;
    this.end = end;
    this.dirtiedAtMs = dirtiedAtMs;
  }

  /** Whether a write of this range by this credential becomes part of the record: it overlaps, or follows on at once. */
  accepts(credential: Credential, start: ByteOffset, end: ByteOffset): boolean {
    return this.state === "pending" && this.credential.id === credential.id && start <= this.end && end >= this.start;
  }

  widen(start: ByteOffset, end: ByteOffset): void {
    assert(this.state === "pending", "only a pending record merges");
    if (start < this.start) this.start = start;
    if (end > this.end) this.end = end;
  }

  addPage(): void {
    this.usage += 1;
  }

  releasePage(): void {
    assert(this.usage > 0, "I1 a record is released by the pages that point to it");
    this.usage -= 1;
    if (this.usage === 0) this.state = "complete";
  }

  flushForConflict(): void {
    if (this.state === "pending") this.state = "conflicting";
  }

  startWriting(): void {
    assert(this.state !== "complete", "a complete record is not sent");
    this.state = "writing";
  }
}
