/** A store that watches what a cache sends through it: the bytes of a write must not change while the store is at it. */
import type { ByteOffset } from "../../src/base/index.ts";
import type { Call, Credential, NodeId, Store, Version } from "../../src/port/index.ts";
import { withMembers } from "./hooked-store.ts";

export interface Witness {
  readonly store: Store;
  /** What was seen that must not be. */
  readonly complaints: string[];
}

/** `mayWrite` says whether a credential may have written these bytes. */
export function witnessedStore(
  inner: Store,
  mayWrite: (start: ByteOffset, end: ByteOffset, credential: Credential) => boolean,
): Witness {
  const complaints: string[] = [];
  async function write(
    node: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    expected: Version | undefined,
    call: Call,
  ) {
    const sent = Buffer.concat(frames);
    const range = `[${offset}, ${offset + sent.length})`;
    if (!mayWrite(offset, offset + sent.length, call.credential)) {
      complaints.push(`${range} was sent under ${call.credential.id}`);
    }
    try {
      return await inner.write(node, offset, frames, expected, call);
    } finally {
      if (Buffer.compare(Buffer.concat(frames), sent) !== 0) complaints.push(`${range} changed while it was sent`);
    }
  }
  const store = withMembers(inner, { write });
  return { store, complaints };
}
