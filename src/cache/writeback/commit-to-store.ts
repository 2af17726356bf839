/** Making what the store took durable, as the store's manifest promises it (S5.13). */
import { failureFrom } from "../../base/index.ts";
import type { Call } from "../../port/index.ts";
import { interruptible } from "../lock/interruptible.ts";
import { witnessedWait } from "../lock/lock-witness.ts";
import { classify } from "../refusal/classify.ts";
import type { FilePages } from "../space/file-pages.ts";

/**
 * Has the store make the file durable, if it has taken bytes since it last was; a failure joins the error sequence. A commit
 * that is under way for somebody else is waited for: the bytes may be in it, and if it fails they are not durable. Rejects only with
 * EINTR, when the signal fires.
 */
export async function commitToStore(space: FilePages, call: Call): Promise<void> {
  const { durability } = space;
  while (durability.committing !== null) {
    await witnessedWait("commit", durability.committing, interruptible(durability.committing, call.signal));
  }
  if (!durability.isUncommitted || space.destroyed) return;
  let ended = (): void => undefined;
  durability.committing = new Promise((resolve) => {
    ended = resolve;
  });
  const { takenCount } = durability;
  try {
    await space.core.store.commit(space.node, call);
    durability.committed(takenCount);
  } catch (thrown) {
    const failure = failureFrom(thrown, { syscall: "fsync" });
    if (failure.code === "EINTR" && call.signal.aborted) throw failure;
    space.tellFailure({
      failure,
      operation: "commit",
      refusalClass: classify(failure),
      outcome: "uncertain",
      credential: call.credential,
      ranges: [{ start: 0, end: space.size as number }],
      mayHaveBeenRead: true,
    });
  } finally {
    durability.committing = null;
    ended();
  }
}
