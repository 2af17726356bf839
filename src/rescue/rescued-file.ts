/**
 * Finding the file of a rescue entry in its store again: by its path, and where that leads nowhere or to another file, by the
 * store's own name for it, for it may have been renamed. Symbolic links are not followed: a kept path has none.
 */
import { Failure } from "../base/index.ts";
import type { Attributes, Call, NodeId, Store } from "../port/index.ts";
import type { RescueManifest } from "./manifest.ts";

export interface RescuedFile {
  readonly node: NodeId;
  readonly attributes: Attributes;
  readonly path: string;
  /** Whether it is the file that the bytes were written to, not another one that has its path now. */
  readonly isOriginal: boolean;
}

/** The entry's file, or what stands at its path now; undefined when there is neither. */
export async function findRescuedFile(
  store: Store,
  manifest: RescueManifest,
  call: Call,
): Promise<RescuedFile | undefined> {
  const atPath = await fileAt(store, manifest.path, call);
  if (atPath?.node === manifest.node) return { ...atPath, isOriginal: true };
  const attributes = await unlessGone(store.getAttributes(manifest.node, call));
  if (attributes === undefined || attributes.linkCount === 0) return atPath && { ...atPath, isOriginal: false };
  return { node: manifest.node, attributes, path: manifest.path, isOriginal: true };
}

/** What stands at a path; undefined when nothing does. */
export async function fileAt(
  store: Store,
  path: string,
  call: Call,
): Promise<{ node: NodeId; attributes: Attributes; path: string } | undefined> {
  let at = await store.root(call);
  for (const name of namesOf(path)) {
    const next = await unlessGone(store.lookup(at.node, name, call));
    if (next === undefined) return undefined;
    at = next;
  }
  return { ...at, path };
}

/** The names of a path. EINVAL for one that leads upwards. */
export function namesOf(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  if (names.includes("..")) throw new Failure("EINVAL", { path, detail: "a path in a store has no .." });
  return names;
}

async function unlessGone<Found>(asked: Promise<Found>): Promise<Found | undefined> {
  try {
    return await asked;
  } catch (thrown) {
    if (thrown instanceof Failure && /^(ENOENT|ENOTDIR|ESTALE)$/.test(thrown.code)) return undefined;
    throw thrown;
  }
}
