/** Discarding an entry: by one durable rename it is no entry any more, then its files go; a crash between leaves no half. */
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RescueId } from "../port/index.ts";
import { gonePrefix, syncDirectory } from "./layout.ts";

/** Discards an entry that the caller has locked. */
export async function discardEntry(directory: string, id: RescueId): Promise<void> {
  const gone = join(directory, gonePrefix + id);
  await rename(join(directory, id), gone);
  await syncDirectory(directory);
  await rm(gone, { recursive: true, force: true });
}
