/** What another client did between own changes of the file, as the answers to these tell. */
import type { FilePages } from "../space/file-pages.ts";
import { meetOthersChange } from "./start-over.ts";

/**
 * To be called when own changes have been answered, under the write-back lock or when nobody has it: with what the last of
 * them found, everything clean starts over if somebody else's change went before it.
 */
export function noticeOthers(space: FilePages): void {
  const { stray } = space.trail;
  if (stray === undefined || space.lateChanges !== null || space.destroyed) return;
  meetOthersChange(space, stray);
}
