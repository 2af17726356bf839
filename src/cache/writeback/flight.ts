/**
 * A flight: neighbouring pages whose dirty bytes of one write record are sent together. Joining dirty ranges across pages
 * gives segments; each segment is one write of the store, so only bytes that somebody wrote are sent.
 *
 *   selected --- issueFlight ---> in flight --- collectFlight ---> ended
 *
 * Invariants. I1 Pages ascend without a gap. I2 All bytes belong to one record. I3 The frames do not change until the end.
 */
import type { ByteCount, ByteOffset } from "../../base/index.ts";
import type { Credential } from "../../port/index.ts";
import type { Page } from "../page/page.ts";

/** One contiguous write. */
export interface WriteSegment {
  readonly offset: ByteOffset;
  byteCount: ByteCount;
  readonly views: Uint8Array[];
}

export interface Flight {
  readonly pages: readonly Page[];
  readonly segments: readonly WriteSegment[];
  readonly credential: Credential;
  readonly byteCount: ByteCount;
}
