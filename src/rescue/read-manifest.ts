/** Reading manifests with suspicion: anything may lie in a directory on a disk. */
import { readFile } from "node:fs/promises";
import { isRefusalClass, type RescueId } from "../port/index.ts";
import { codeOf } from "./layout.ts";
import { type ManifestReading, manifestFormat, type RescueManifest, sealOf } from "./manifest.ts";
import { isWallTime } from "./wall-time.ts";

/** What is wrong with one entry alone. Any other code says that the whole directory is in trouble. */
const ownTroubles: Readonly<Record<string, string>> = {
  ENOENT: "it has no manifest",
  ENOTDIR: "it is no directory",
  EISDIR: "its manifest is a directory",
  ELOOP: "its manifest is a circle of symbolic links",
  EACCES: "its manifest may not be read",
  EIO: "its manifest cannot be read",
};

/** Reads the manifest of an entry; what is wrong with it is part of the answer. Other troubles are thrown. */
export async function readManifest(path: string, id: RescueId): Promise<ManifestReading> {
  try {
    return parseManifest(await readFile(path, "utf8"), id);
  } catch (thrown) {
    const why = ownTroubles[codeOf(thrown) ?? ""];
    if (why !== undefined) return damaged(why);
    throw thrown;
  }
}

/** Judges the text of a manifest that is said to be the entry's. */
function parseManifest(text: string, id: RescueId): ManifestReading {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return damaged("its manifest is no JSON");
  }
  if (!isRecord(parsed)) return damaged("its manifest is no JSON object");
  const { seal, ...content } = parsed;
  const { format } = content;
  if (typeof format === "number" && format > manifestFormat) return { state: "newer", format };
  if (format !== manifestFormat) return damaged("its manifest has no known format");
  if (seal !== sealOf(content)) return damaged("its manifest was changed after it was written");
  const manifest = content as unknown as RescueManifest;
  if (!hasShape(manifest)) return damaged("its manifest lacks what a manifest has");
  if (manifest.id !== id) return damaged(`its manifest belongs to the entry ${manifest.id}`);
  return { state: "whole", manifest };
}

function damaged(why: string): ManifestReading {
  return { state: "damaged", why };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Whether every member is there and has its type, and the ranges ascend. */
function hasShape(manifest: RescueManifest): boolean {
  const { store, path, node, ranges, fileSize, credential, refusal, refusedAt, baseVersion, foundVersion } = manifest;
  if (!(isText(manifest.id) && isText(path) && isText(node) && isCount(fileSize) && isText(baseVersion))) return false;
  if (!(store === null || isText(store)) || !(foundVersion === null || isText(foundVersion))) return false;
  if (!isRecord(credential) || !isText(credential.id) || !Number.isInteger(credential.uid)) return false;
  if (!Number.isInteger(credential.gid) || !Array.isArray(credential.groups)) return false;
  if (!credential.groups.every((group) => Number.isInteger(group))) return false;
  if (!isRecord(refusal) || !isRefusalClass(refusal.class)) return false;
  if (!isText(refusal.code) || !isCount(refusal.errno) || !isText(refusal.message)) return false;
  return isText(refusedAt) && isWallTime(refusedAt) && Array.isArray(ranges) && rangesAscend(ranges);
}

function rangesAscend(ranges: readonly unknown[]): boolean {
  let end = 0;
  for (const range of ranges) {
    if (!isRecord(range) || !isCount(range.offset) || !isCount(range.byteCount)) return false;
    if (range.byteCount === 0 || range.offset < end) return false;
    if (!/^[0-9a-f]{64}$/.test(String(range.sha256))) return false;
    end = range.offset + range.byteCount;
    if (!Number.isSafeInteger(end)) return false;
  }
  return ranges.length > 0;
}
