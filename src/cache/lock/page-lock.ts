/**
 * The page lock: a bit in the page, set while a fill (later: an excision) owns the page's missing bytes. Pages are locked in
 * ascending index. Reading valid bytes needs no lock; whoever must have the page to himself waits and then looks it up
 * again, since it may have been removed meanwhile.
 */
import { assert, type CancelSignal } from "../../base/index.ts";
import type { Page } from "../page/page.ts";
import { interruptible } from "./interruptible.ts";
import { lockWitness, witnessedWait } from "./lock-witness.ts";

/** Takes the lock of a page that nobody has locked. */
export function lockPage(page: Page): void {
  assert(!page.locked, "a page is locked by one owner");
  page.locked = true;
  lockWitness?.has("page", page, "alone");
}

export function unlockPage(page: Page): void {
  assert(page.locked, "only a locked page is unlocked");
  page.locked = false;
  lockWitness?.letsGo(page);
  const waiters = page.lockWaiters;
  page.lockWaiters = null;
  if (waiters !== null) for (const wake of waiters) wake();
}

/** Resolves when the page was unlocked; the page must then be looked up again. Rejects with EINTR. */
export function pageUnlocked(page: Page, signal: CancelSignal): Promise<void> {
  if (!page.locked) return Promise.resolve();
  const unlocked = new Promise<void>((resolve) => {
    page.lockWaiters ??= [];
    page.lockWaiters.push(resolve);
  });
  return witnessedWait("page", page, interruptible(unlocked, signal));
}
