/**
 * A write record: dirty bytes that one credential wrote and that belong together (the afs_writeback of the AFS thread).
 * Every page with dirty bytes points to exactly one.
 *
 * Words. Only a *pending* record merges with further writes. A *conflicting* one is being flushed because another
 * credential wants one of its pages; a *syncing* one is the work of a pass for integrity. A *writing* one has been sent in
 * part or whole. A *rejected* one was refused, for good: none of its bytes is sent again. The *usage* counts pages that point
 * here.
 *
 *   pending --- conflict ---> conflicting --+
 *      |                                    +-- write --> writing --- reject ---> rejected
 *      +------- sync -------> syncing ------+                |                        |
 *      +------- write ----------------------+                +--- last page released -+--> complete
 *
 * | transition | performed by |
 * |---|---|
 * | conflict | `removeObstacle` (write/write.ts) |
 * | sync | `tagForPass` (writeback/select.ts) |
 * | write | `issueFlight` (writeback/issue.ts) |
 * | reject | `refuseRecord` (refusal/refuse.ts) |
 * | complete | `releasePage`, by the last page |
 *
 * Invariants. I1 The usage is the number of pages whose record this is, and of their flights. I2 Complete exactly when the
 * usage has fallen to zero. I3 The bounds only widen.
 */
import { AssertionFailure, assert, type ByteCount, type ByteOffset, type Milliseconds } from "../../base/index.ts";
import type { Credential } from "../../port/index.ts";
import type { Refusal } from "../refusal/refusal.ts";

export type WriteRecordState = "pending" | "conflicting" | "syncing" | "writing" | "rejected" | "complete";
export type WriteRecordTransition = "conflict" | "sync" | "write" | "reject" | "complete";

/** Every lawful transition; what is not listed is a mistake of ours. */
export const writeRecordTransitions: Readonly<
  Record<WriteRecordState, Partial<Record<WriteRecordTransition, WriteRecordState>>>
> = {
  pending: { conflict: "conflicting", sync: "syncing", write: "writing", reject: "rejected", complete: "complete" },
  conflicting: {
    conflict: "conflicting",
    sync: "conflicting",
    write: "writing",
    reject: "rejected",
    complete: "complete",
  },
  syncing: { conflict: "syncing", sync: "syncing", write: "writing", reject: "rejected", complete: "complete" },
  writing: { conflict: "writing", sync: "writing", write: "writing", reject: "rejected", complete: "complete" },
  rejected: { conflict: "rejected", sync: "rejected", reject: "rejected", complete: "complete" },
  complete: {},
};

export class WriteRecord {
  readonly credential: Credential;
  /** When its first byte became dirty, on the cache's clock. */
  readonly dirtiedAtMs: Milliseconds;
  /** The file's size at the store then: bytes beyond it make the file longer. */
  readonly storeSize: ByteCount;
  /** How often the file had been read by then. */
  readonly readCount: number;
  start: ByteOffset;
  end: ByteOffset;
  usage = 0;
  /** When a flight of its bytes failed first, on the cache's clock. */
  failingSinceMs: Milliseconds | undefined;
  /** What became of a rejected record. */
  refusal: Refusal | null = null;
  #state: WriteRecordState = "pending";

  constructor(
    credential: Credential,
    start: ByteOffset,
    end: ByteOffset,
    dirtiedAtMs: Milliseconds,
    storeSize: ByteCount = 0,
    readCount: number = 0,
  ) {
    this.credential = credential;
    this.start = start;
    this.end = end;
    this.dirtiedAtMs = dirtiedAtMs;
    this.storeSize = storeSize;
    this.readCount = readCount;
  }

  get state(): WriteRecordState {
    return this.#state;
  }

  advance(transition: WriteRecordTransition): void {
    const next = writeRecordTransitions[this.#state][transition];
    if (next === undefined) throw new AssertionFailure(`a write record that is ${this.#state} cannot ${transition}`);
    this.#state = next;
  }

  /** Whether a write of this range by this credential becomes part of the record: it overlaps, or follows on at once. */
  accepts(credential: Credential, start: ByteOffset, end: ByteOffset): boolean {
    return this.#state === "pending" && this.credential.id === credential.id && start <= this.end && end >= this.start;
  }

  widen(start: ByteOffset, end: ByteOffset): void {
    assert(this.#state === "pending", "only a pending record merges");
    if (start < this.start) this.start = start;
    if (end > this.end) this.end = end;
  }

  addPage(): void {
    this.usage += 1;
  }

  releasePage(): void {
    assert(this.usage > 0, "I1 a record is released by the pages that point to it");
    this.usage -= 1;
    if (this.usage === 0) this.advance("complete");
  }

  /** A page with bytes of another record came to this one: they have been failing for as long as they have. */
  inherit(other: WriteRecord): void {
    if (other.failingSinceMs === undefined) return;
    this.failingSinceMs = Math.min(this.failingSinceMs ?? Number.POSITIVE_INFINITY, other.failingSinceMs);
  }
}
