/**
 * What is known of the last attempt to restore an entry, kept beside its manifest until the entry is discarded. A restore
 * that was refused half way leaves the version that its own writes made, so that the next one knows them from a stranger's.
 */
import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { ByteCount } from "../base/index.ts";
import type { NodeId, RescueId, Version } from "../port/index.ts";
import { filesOf, ownerOnlyFile, syncDirectory } from "./layout.ts";

export interface RestoredMark {
  /** Whether all of the entry's bytes are durable in the store. */
  readonly complete: boolean;
  /** ISO 8601 in UTC, with nanoseconds. */
  readonly restoredAt: string;
  readonly path: string;
  readonly node: NodeId;
  readonly credentialId: string;
  /** Bytes of the entry that the store took; 0 when the version is what restoring the entry before this one made, or a try that was refused. */
  readonly byteCount: ByteCount;
  /** The file's version after the last write that the store took. */
  readonly version: Version;
}

/** The mark of an entry; undefined when it was never restored, or the mark cannot be read. */
export async function readMark(directory: string, id: RescueId): Promise<RestoredMark | undefined> {
  try {
    const parsed = JSON.parse(await readFile(filesOf(directory, id).restored, "utf8")) as unknown;
    return isMark(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isMark(value: unknown): value is RestoredMark {
  if (typeof value !== "object" || value === null) return false;
  const mark = value as RestoredMark;
  const texts = [mark.restoredAt, mark.path, mark.node, mark.credentialId, mark.version];
  return typeof mark.complete === "boolean" && typeof mark.byteCount === "number" && texts.every(isText);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

/** Sets the mark durably; the one before is there until then. */
export async function writeMark(directory: string, id: RescueId, mark: RestoredMark): Promise<void> {
  const { restored } = filesOf(directory, id);
  const fresh = `${restored}.new`;
  const file = await open(fresh, "w", ownerOnlyFile);
  try {
    await file.writeFile(`${JSON.stringify(mark, undefined, 1)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, restored);
  await syncDirectory(dirname(restored));
}
