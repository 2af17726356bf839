/** One process at a time restores or discards an entry; its lock lies on the entry's `bytes`. */
import { type FileHandle, open } from "node:fs/promises";
import { Failure } from "../base/index.ts";
import type { RescueId } from "../port/index.ts";
import { tryLockFile } from "../system/index.ts";
import { codeOf, filesOf } from "./layout.ts";

/** Has the entry for oneself until the answer is disposed of; EBUSY when somebody else has it. */
export async function lockEntry(directory: string, id: RescueId): Promise<AsyncDisposable> {
  let bytes: FileHandle;
  try {
    bytes = await open(filesOf(directory, id).bytes, "r");
  } catch (thrown) {
    // An entry that lost its bytes can still be discarded.
    if (codeOf(thrown) === "ENOENT" || codeOf(thrown) === "ELOOP")
      return { [Symbol.asyncDispose]: async () => undefined };
    throw thrown;
  }
  if (tryLockFile(bytes.fd) !== "others") return { [Symbol.asyncDispose]: () => bytes.close() };
  await bytes.close();
  throw new Failure("EBUSY", { detail: `rescue entry ${id} is being restored or discarded by another process` });
}
