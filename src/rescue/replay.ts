/**
 * Replaying what was parked while a medium was out (S1.10): every entry that was refused for want of the medium is restored to
 * it, the oldest first, in the name of whoever wrote the bytes, and discarded when they are durable there. A restore that is
 * refused, because somebody changed the file elsewhere meanwhile, leaves its entry to a person.
 *
 * Entries of one file follow each other: what one restores changes the version that the next was written on. So the next is told
 * the new version, durably, before the one before it goes; a replay that is cut short at any instant goes on where it was. In
 * the one instant when bytes are in the store and nothing tells so yet, the entry is known by its bytes being there.
 */
import { type CancelSignal, type Failure, failureFrom, neverFires } from "../base/index.ts";
import type { NodeId, RescueId, Store, Version } from "../port/index.ts";
import type { Rescue, WholeEntry } from "./rescue.ts";

export interface Replayed {
  readonly id: RescueId;
  readonly path: string;
  readonly node: NodeId;
  /** What the bytes were written on, and what the store had then, where it said so. */
  readonly earlier: readonly Version[];
  /** What the bytes made of it; undefined when they stay, or were there already. */
  readonly version: Version | undefined;
  /** Why the entry stays; undefined when its bytes are in the store. */
  readonly failure: Failure | undefined;
}

/** Replays the entries that were kept under this store URL, which names one medium. */
export async function replay(
  rescue: Rescue,
  store: Store,
  storeUrl: string,
  signal: CancelSignal = neverFires,
): Promise<readonly Replayed[]> {
  const replayed: Replayed[] = [];
  const parked = (await rescue.list()).filter((entry) => isParked(entry, storeUrl)) as WholeEntry[];
  for (const [at, entry] of parked.entries()) {
    const { id, manifest } = entry;
    const { path, node, baseVersion, foundVersion } = manifest;
    const earlier = foundVersion === null ? [baseVersion] : [baseVersion, foundVersion];
    const about = { id, path, node, earlier };
    const next = parked.slice(at + 1).find((later) => later.manifest.node === node);
    const before = next !== undefined && follows(next, entry) ? { before: next.id } : {};
    try {
      const { version } = await rescue.restore(id, store, { discard: true, signal, ...before });
      replayed.push({ ...about, version, failure: undefined });
    } catch (thrown) {
      const failure = failureFrom(thrown, { syscall: "restore", path });
      const isThere = failure.code === "ESTALE" && (await discardIfThere(rescue, store, entry, signal));
      replayed.push({ ...about, version: undefined, failure: isThere ? undefined : failure });
      if (failure.code === "ENOMEDIUM" || failure.code === "ETIMEDOUT") break;
    }
  }
  return replayed;
}

function isParked(entry: { readonly state: string }, storeUrl: string): boolean {
  if (entry.state !== "whole") return false;
  const { manifest, restored } = entry as WholeEntry;
  return manifest.store === storeUrl && manifest.refusal.class === "media" && restored?.complete !== true;
}

/** Whether the file was, but for the bytes of the one, as the other was written on. */
function follows({ manifest: { baseVersion } }: WholeEntry, { manifest: before }: WholeEntry): boolean {
  return baseVersion === before.baseVersion || baseVersion === before.foundVersion;
}

/** An entry whose very bytes are in its file has nothing to restore, whoever brought them there. */
async function discardIfThere(rescue: Rescue, store: Store, entry: WholeEntry, signal: CancelSignal): Promise<boolean> {
  const { credential } = entry.manifest;
  try {
    const { isSame, file } = await rescue.diff(entry.id, store, { signal });
    if (!isSame || file?.isOriginal !== true) return false;
    await store.commit(file.node, { credential, signal });
    await rescue.discard(entry.id);
    return true;
  } catch {
    return false;
  }
}
