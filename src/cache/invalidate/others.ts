/** What another client did between own changes of the file, as the answers to these tell. */
import type { FilePages } from "../space/file-pages.ts";
import { doubt, meetOthersChange } from "./start-over.ts";

/**
 * To be called when own changes have been answered, under the write-back lock or when nobody has it. If somebody else's change
 * went before the last of them, everything clean starts over with what that one found; where nobody here can tell which was the
 * last, the store is to be asked.
 */
export function noticeOthers(space: FilePages): void {
  const { stray, strayCount } = space.trail;
  if (strayCount === 0 || space.lateChanges !== null || space.destroyed) return;
  if (stray === undefined) doubt(space);
  else meetOthersChange(space, stray);
}
