/**
 * What lies where in a rescue directory. An entry is a directory with the entry's id as its name:
 *
 *   ID/bytes           the refused bytes, one range after the other
 *   ID/manifest.json   what is known of them, sealed by a check sum (`manifest.ts`)
 *   ID/restored.json   when and where a person restored them, if that was tried (`restored-mark.ts`)
 *   .new-ID            an entry that is being kept; left by a process that was killed, it is swept (`sweep.ts`)
 *   .gone-ID           an entry that is being discarded; swept likewise
 *
 * A name becomes an entry, and stops being one, by one rename. Everything else in the directory is left alone.
 */
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { RescueId } from "../port/index.ts";

export const newPrefix = ".new-";
export const gonePrefix = ".gone-";

/** The id of what is on its way in or out; undefined for any other name. */
export function passingId(name: string): RescueId | undefined {
  const prefix = [newPrefix, gonePrefix].find((one) => name.startsWith(one));
  return prefix === undefined ? undefined : name.slice(prefix.length);
}

export const ownerOnlyDirectory = 0o700;
export const ownerOnlyFile = 0o600;

/** The paths of one entry, whatever its directory is called at the moment. */
export interface EntryFiles {
  readonly bytes: string;
  readonly manifest: string;
  readonly restored: string;
}

export function filesIn(entryDirectory: string): EntryFiles {
  return {
    bytes: join(entryDirectory, "bytes"),
    manifest: join(entryDirectory, "manifest.json"),
    restored: join(entryDirectory, "restored.json"),
  };
}

export function filesOf(directory: string, id: RescueId): EntryFiles {
  return filesIn(join(directory, id));
}

/** Makes the names of a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The code of what a file call threw. */
export function codeOf(thrown: unknown): string | undefined {
  return (thrown as { code?: string } | undefined)?.code;
}
