/**
 * Nodes that their store knows no more, because their last name was removed from here while no handle held them: the kernel alone
 * knows who has a fifo or socket open, or works in a directory. What these programs ask and change is answered here.
 */
import { type AttributeChanges, type Attributes, type Credential, permits, rightsAfter } from "../../port/index.ts";

const writeAccess = { read: false, write: true, execute: false } as const;

/** The attributes after a change by the credential; EPERM or EACCES when it may not make it. */
export function changedWithoutStore(
  known: Attributes,
  changes: AttributeChanges,
  credential: Credential,
  nowNs: bigint,
): Attributes {
  const { mode, uid, gid } = rightsAfter(known, changes, credential, () => permits(known, writeAccess, credential));
  const { accessTimeNs = known.accessTimeNs, modifyTimeNs = known.modifyTimeNs } = changes;
  return {
    ...known,
    mode,
    uid,
    gid,
    linkCount: 0,
    accessTimeNs: accessTimeNs === "now" ? nowNs : accessTimeNs,
    modifyTimeNs: modifyTimeNs === "now" ? nowNs : modifyTimeNs,
    changeTimeNs: nowNs,
  };
}
