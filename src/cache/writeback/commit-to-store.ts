/** Making what the store took durable, as the store's manifest promises it (S5.13). */
import { failureFrom } from "../../base/index.ts";
import type { Call } from "../../port/index.ts";
import type { FilePages } from "../space/file-pages.ts";

/** Asks the store to make the file durable, if it has taken bytes since it last was; a failure joins the error sequence. */
export async function commitToStore(space: FilePages, call: Call): Promise<void> {
  if (!space.isUncommitted || space.destroyed) return;
  space.setUncommitted(false);
  try {
    await space.core.store.commit(space.node, call);
  } catch (thrown) {
    const failure = failureFrom(thrown, { syscall: "fsync" });
    space.setUncommitted(true);
    if (failure.code === "EINTR") throw failure;
    space.errors.record(failure);
  }
}
