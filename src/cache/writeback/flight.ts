/**
 * A flight: neighbouring pages whose dirty bytes of one write record are sent together. Joining dirty ranges across pages
 * gives segments; each segment is one write of the store, so only bytes that somebody wrote are sent.
 *
 *   selected --- issueFlight ---> in flight --- collectFlight ---> ended, page by page; what was refused goes on in a refusal
 *
 * Invariants. I1 Pages ascend without a gap. I2 All bytes belong to one record. I3 The frames do not change until the end.
 */
import type { ByteCount, ByteOffset, CancelSignal } from "../../base/index.ts";
import { interruptible } from "../lock/interruptible.ts";
import { asTask, lockWitness, witnessedWait } from "../lock/lock-witness.ts";
import type { Page, Sending } from "../page/page.ts";
import type { WriteRecord } from "./write-record.ts";

/** Bytes that lie together: what one write of the store takes. */
export interface WriteSegment {
  readonly offset: ByteOffset;
  byteCount: ByteCount;
  readonly frames: Uint8Array[];
}

export interface Flight {
  readonly pages: readonly Page[];
  readonly segments: readonly WriteSegment[];
  readonly record: WriteRecord;
  readonly byteCount: ByteCount;
}

/** Resolves when the answer to what is on its way was collected; the page must then be looked up again. Rejects with EINTR. */
export function flightCollected({ collected }: Sending, signal: CancelSignal): Promise<void> {
  return witnessedWait("flight", collected, interruptible(collected, signal));
}

/** Sends and collects a flight as a task of its own, the one that owns the write-back of its pages (S0.19, S0.21). */
export function asFlight(collected: Promise<void>, work: () => Promise<void>): Promise<void> {
  if (lockWitness === null) return work();
  const witness = lockWitness;
  return asTask("flight", () => {
    witness.has("flight", collected, "alone");
    return work().finally(() => witness.letsGo(collected));
  });
}
