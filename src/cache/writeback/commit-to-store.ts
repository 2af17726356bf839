/** Making what the store took durable, as the store's manifest promises it (S5.13). */
import { failureFrom } from "../../base/index.ts";
import type { Call } from "../../port/index.ts";
import { interruptible } from "../lock/interruptible.ts";
import { witnessedWait } from "../lock/lock-witness.ts";
import type { FilePages } from "../space/file-pages.ts";

/**
 * Has the store make the file durable, if it has taken bytes since it last was; a failure joins the error sequence. A commit
 * that is under way for somebody else is waited for: the bytes may be in it, and if it fails they are not durable.
 */
export async function commitToStore(space: FilePages, call: Call): Promise<void> {
  while (space.committing !== null) {
    await witnessedWait("commit", space.committing, interruptible(space.committing, call.signal));
  }
  if (!space.isUncommitted || space.destroyed) return;
  let ended = (): void => undefined;
  space.committing = new Promise((resolve) => {
    ended = resolve;
  });
  space.setUncommitted(false);
  try {
    await space.core.store.commit(space.node, call);
  } catch (thrown) {
    const failure = failureFrom(thrown, { syscall: "fsync" });
    space.setUncommitted(true);
    if (failure.code === "EINTR") throw failure;
    space.errors.record(failure);
    space.observer.writebackFailed(failure, 0, space.size as number, call.credential, "commit");
  } finally {
    space.committing = null;
    ended();
  }
}
