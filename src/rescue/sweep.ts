/** Sweeping: what killed processes left half kept or half discarded goes; what a live process is at stays. */
import { open, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { tryLockFile } from "../system/index.ts";
import { codeOf, filesIn, gonePrefix, newPrefix } from "./layout.ts";

/** Sweeps a rescue directory; answers how many left-overs went. */
export async function sweep(rescueDirectory: string): Promise<number> {
  let count = 0;
  for (const name of await readdir(rescueDirectory)) {
    const path = join(rescueDirectory, name);
    if (name.startsWith(gonePrefix)) {
      await rm(path, { recursive: true, force: true });
      count++;
    } else if (name.startsWith(newPrefix) && (await sweepDraft(path))) {
      count++;
    }
  }
  return count;
}

/** Removes a draft whose lock is free. While it is removed the lock is ours, so its maker, if there is one, sees that. */
async function sweepDraft(path: string): Promise<boolean> {
  let bytes: Awaited<ReturnType<typeof open>>;
  try {
    bytes = await open(filesIn(path).bytes, "r+");
  } catch (thrown) {
    return codeOf(thrown) === "ENOENT" && (await removeEmpty(path));
  }
  try {
    if (tryLockFile(bytes.fd) !== "ours") return false;
    await rm(path, { recursive: true, force: true });
    return true;
  } finally {
    await bytes.close();
  }
}

/** A directory without bytes: its maker was killed before the first file, or is about to make it and will try again. */
async function removeEmpty(path: string): Promise<boolean> {
  return rmdir(path).then(
    () => true,
    () => false,
  );
}
