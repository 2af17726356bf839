/** Invalidation: what is cached of a file is no longer believed, because somebody says so or because the store does. */
import { type ByteOffset, delay } from "../../base/index.ts";
import type { Attributes, Call } from "../../port/index.ts";
import type { FilePages } from "../space/file-pages.ts";
import { writeEverything } from "../writeback/control.ts";
import { writebackPass } from "../writeback/pass.ts";
import { discardUnsent } from "./discard.ts";
import { dropCleanBatch } from "./drop-clean.ts";
import { meetOthersChange, startOver, writesAtBase } from "./start-over.ts";

/** So many pages go before others have their turn (S4.12). */
const batchPages = 4096;

/** What becomes of unsent bytes that an invalidation meets: they are sent first, or dropped where they are the caller's. */
export type UnsentChoice = "launder" | "discard";

/** Sends or drops what is dirty in the range, then drops what is clean; answers how many pages could not go. */
export async function invalidate(
  space: FilePages,
  start: ByteOffset,
  end: ByteOffset,
  call: Call,
  unsent: UnsentChoice = "launder",
): Promise<{ pagesLeft: number }> {
  if (unsent === "discard") await discardUnsent(space, start, end, call);
  await writebackPass(space, writeEverything("launder", start, end), call.signal);
  await using _alone = await space.invalidateLock.acquireAlone(call.signal);
  let pagesLeft = 0;
  for (let from: ByteOffset | undefined = start; from !== undefined; ) {
    const batch = dropCleanBatch(space, from, end, batchPages);
    pagesLeft += batch.pagesLeft;
    from = batch.next;
    if (from !== undefined) await delay(space.core.clock, 0);
  }
  return { pagesLeft };
}

/**
 * Compares fresh attributes of the store with what is cached. `askedAt` is the space's `changeCount` when they were asked
 * for: an answer that an own change has overtaken says nothing. When another client changed the file, clean bytes go. Dirty
 * bytes stay: where writes are conditional the base version stays with them, and the next write tells of the conflict;
 * elsewhere they will be written over what the other client wrote.
 *
 * Answers whether the attributes could be judged. While an own change is under way, or was never answered, another version may
 * be its own or somebody else's: the store is to be asked again afterwards.
 */
export function revalidate(space: FilePages, attributes: Attributes, askedAt: number): boolean {
  if (attributes.version === space.version && !space.isDoubtful && !space.stale) return true;
  if (askedAt !== space.changeCount || space.writebackLock.isHeld || space.lateChanges !== null) return false;
  if (writesAtBase(space)) return true;
  startOver(space, attributes);
  return true;
}

/**
 * The lazy policy's invalidation (S0.34): after a refusal, whoever comes next has what else is dirty sent, asks the store what
 * the file is, and starts over with that. Nothing clean is believed any more, and the size is the store's (S0.38).
 */
export async function invalidateDoubtful(space: FilePages, call: Call): Promise<void> {
  await writebackPass(space, writeEverything("launder"), call.signal);
  await using _alone = await space.invalidateLock.acquireAlone(call.signal);
  await using _order = await space.writebackLock.acquire(call.signal);
  if (!space.isDoubtful || space.destroyed) return;
  meetOthersChange(space, await space.core.store.getAttributes(space.node, call));
}
