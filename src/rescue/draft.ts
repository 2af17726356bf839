/**
 * An entry on its way into the directory, under a name of its own (`.new-ID`). Its `bytes` file is locked as long as the
 * process that writes it lives, so nobody sweeps it away from under a live writer, and what a killed one left is known by
 * its lock being free.
 *
 *   (none) --openDraft--> reserved --write the files, sync them--> written --publish (one rename)--> an entry
 *   reserved, written --remove--> (none)
 *   reserved, written --the process is killed--> left over --sweep--> (none)
 */
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../base/index.ts";
import type { RescueId } from "../port/index.ts";
import { tryLockFile } from "../system/index.ts";
import { newEntryId } from "./entry-id.ts";
import { codeOf, filesIn, newPrefix, ownerOnlyDirectory, ownerOnlyFile, syncDirectory } from "./layout.ts";

/** A name is taken, or swept in the moment before it was locked, about never; so often in a row, not at all. */
const attemptsMax = 20;

export interface Draft {
  readonly id: RescueId;
  readonly directory: string;
  readonly bytes: FileHandle;
}

/** Makes an empty, locked draft with a name that nothing else has. */
export async function openDraft(rescueDirectory: string, refusedAtNs: bigint): Promise<Draft> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const id = newEntryId(refusedAtNs);
    if (await exists(join(rescueDirectory, id))) continue;
    const directory = join(rescueDirectory, newPrefix + id);
    const bytes = await makeLocked(directory);
    if (bytes !== undefined) return { id, directory, bytes };
  }
  throw new Failure("EBUSY", { detail: "no name is free for a new rescue entry" });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (thrown: unknown) => {
      if (codeOf(thrown) === "ENOENT") return false;
      throw thrown;
    },
  );
}

/** Makes the directory and its locked `bytes`; undefined when the name is taken, or a sweeper was faster than the lock. */
async function makeLocked(directory: string): Promise<FileHandle | undefined> {
  let bytes: FileHandle | undefined;
  try {
    await mkdir(directory, { mode: ownerOnlyDirectory });
    bytes = await open(filesIn(directory).bytes, "wx", ownerOnlyFile);
    if (tryLockFile(bytes.fd) !== "others" && (await bytes.stat()).nlink > 0) return bytes;
  } catch (thrown) {
    await bytes?.close();
    if (bytes === undefined && (codeOf(thrown) === "EEXIST" || codeOf(thrown) === "ENOENT")) {
      // The rescue directory itself may be what is missing: then there is no sense in trying another name.
      await stat(join(directory, ".."));
      return undefined;
    }
    await removeDraft(directory);
    throw thrown;
  }
  await bytes.close();
  return undefined;
}

/** Turns a fully written and synced draft into an entry, durably. Answers with the entry's directory. */
export async function publish(draft: Draft, rescueDirectory: string): Promise<string> {
  const entry = join(rescueDirectory, draft.id);
  await rename(draft.directory, entry);
  try {
    await syncDirectory(rescueDirectory);
  } catch (thrown) {
    await removeDraft(entry);
    throw thrown;
  }
  return entry;
}

/** Takes away a draft that will not be an entry. What cannot be removed is swept later. */
export async function removeDraft(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true }).catch(() => undefined);
}
