/**
 * A refusal: bytes of one credential that the store said no to, from that answer on until they have left the books.
 *
 * Words. A *part* is the refused bytes of one page, in the frozen frame they were to be sent from. While a refusal is *held*
 * its parts count as in flight, so nobody changes, sends, cuts or evicts them. It is *settled* by the pass that met it, under
 * the file's write-back lock: the bytes are rescued, the policy's action is done, the failure is told. When rescue fails it is
 * *unrescued*: its pages stay, readable and clean, but pinned, and rescue is tried again by later passes.
 *
 *   held --- settleRefusals: rescued ---------------> settled
 *     |                                                  ^
 *     +--- settleRefusals: rescue failed ---> unrescued -+ retryRescue: rescued; forgetUnrescued: the file goes
 *
 * Invariants. I1 Every part of a held refusal is the `sending` of its page; every part of an unrescued one is among the
 * page's `unrescued`. I2 A page's bytes are excised at most once for each part (S0.18). I3 The bytes of a part do not change.
 * I4 A space lists its held and unrescued refusals. Parts leave one by one, just before their refusal is settled: of those
 * that have, I1 says nothing any more.
 */
import { assert, type ByteOffset, type ByteRanges, type Failure } from "../../base/index.ts";
import type { Credential, RefusalClass, Version } from "../../port/index.ts";
import { lockWitness } from "../lock/lock-witness.ts";
import type { Page, Sending, UnrescuedBytes } from "../page/page.ts";
import type { WriteRecord } from "../writeback/write-record.ts";
import type { SettledAction } from "./policy.ts";
import type { Kept } from "./rescue.ts";

export interface RefusedPart extends UnrescuedBytes {
  readonly page: Page;
  /** When a write that is late has ended, or a rescue that the file does not outlive; it may read the frame until then. */
  late: Promise<unknown> | undefined;
  /** It is neither in flight nor unrescued any more: the refusal is about to be settled. */
  hasLeft: boolean;
}

export type RefusalState = "held" | "unrescued" | "settled";

export interface RefusalCause {
  readonly failure: Failure;
  readonly refusalClass: RefusalClass;
  readonly action: SettledAction;
}

export class Refusal {
  readonly credential: Credential;
  readonly failure: Failure;
  readonly action: SettledAction;
  readonly baseVersion: Version;
  readonly refusedAtNs: bigint;
  /** Resolves when the refusal is no longer held. */
  readonly released: Promise<void>;

  state: RefusalState = "held";
  refusalClass: RefusalClass;
  readonly records: Set<WriteRecord> = new Set();
  readonly parts: RefusedPart[] = [];
  /** A rescue that is under way; it may outlast its deadline. */
  rescuing: Promise<Kept> | null = null;
  #release: () => void = () => undefined;

  constructor(credential: Credential, cause: RefusalCause, baseVersion: Version, refusedAtNs: bigint) {
    this.credential = credential;
    this.failure = cause.failure;
    this.refusalClass = cause.refusalClass;
    this.action = cause.action;
    this.baseVersion = baseVersion;
    this.refusedAtNs = refusedAtNs;
    this.released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  /** Whether refused bytes of this credential, for this reason, belong to it. */
  joins(credential: Credential, failure: Failure): boolean {
    return this.state === "held" && this.credential.id === credential.id && this.failure.code === failure.code;
  }

  add(page: Page, sending: Sending, late: Promise<unknown> | undefined): void {
    assert(this.state === "held", "only a held refusal grows");
    this.parts.push({ page, sending, late, shown: sending.ranges, hasLeft: false });
  }

  /** The parts by ascending page. */
  inOrder(): readonly RefusedPart[] {
    return this.parts.sort((one, other) => one.page.index - other.page.index);
  }

  get byteCount(): number {
    let sum = 0;
    for (const { sending } of this.parts) sum += sending.ranges.byteCount;
    return sum;
  }

  /** The end of the last refused byte. */
  end(pageSize: number): ByteOffset {
    let end = 0;
    for (const { page, sending } of this.parts) end = Math.max(end, page.index * pageSize + endOf(sending.ranges));
    return end;
  }

  /** The end of the last one that is still to be seen in the cache. */
  shownEnd(pageSize: number): ByteOffset {
    let end = 0;
    for (const { page, shown } of this.parts) end = Math.max(end, page.index * pageSize + endOf(shown));
    return end;
  }

  become(state: "unrescued" | "settled"): void {
    assert(this.state !== "settled" && this.state !== state, "a refusal goes forward");
    this.state = state;
    lockWitness?.letsGo(this.released);
    this.#release();
  }

  checkInvariants(): void {
    for (const part of this.parts) {
      const { page, sending } = part;
      if (part.hasLeft) continue;
      if (this.state === "held") assert(page.sending === sending, "I1 a held part is what its page is sending");
      else assert(page.unrescued?.includes(part) === true, "I1 an unrescued part is among those of its page");
    }
    assert(this.state !== "settled", "I4 a space lists no settled refusal");
  }
}

function endOf(ranges: ByteRanges): number {
  return ranges.isEmpty ? Number.NEGATIVE_INFINITY : ranges.end(ranges.rangeCount - 1);
}
