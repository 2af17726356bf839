/** Owner and group as node:fs takes them: -1 leaves one as it is. */
import type { AttributeChanges } from "../../port/index.ts";

export function ownerChanges(uid: number, gid: number): AttributeChanges {
  return { ...(uid === -1 ? {} : { uid }), ...(gid === -1 ? {} : { gid }) };
}
