/**
 * Replaying what was parked while a medium was out (S1.10): every entry that was refused for want of the medium is restored to
 * it, the oldest first, in the name of whoever wrote the bytes, and discarded when they are durable there. A restore that is
 * refused, because somebody changed the file elsewhere meanwhile, leaves its entry to a person.
 */
import { type CancelSignal, Failure, failureFrom, neverFires } from "../base/index.ts";
import type { RescueId, Store, Version } from "../port/index.ts";
import type { Rescue, WholeEntry } from "./rescue.ts";

export interface Replayed {
  readonly id: RescueId;
  readonly path: string;
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
  /** Per file, the version that it was parked at, and the one that earlier entries have brought it to since. */
  const reached = new Map<string, { readonly base: Version; readonly version: Version }>();
  for (const entry of await rescue.list()) {
    if (!isParked(entry, storeUrl)) continue;
    const { id } = entry;
    const { node, path, baseVersion: base } = entry.manifest;
    const earlier = reached.get(node);
    try {
      const after = earlier?.base === base ? earlier.version : undefined;
      const { version } = await rescue.restore(id, store, {
        discard: true,
        signal,
        ...(after === undefined ? {} : { after }),
      });
      reached.set(node, { base, version });
      replayed.push({ id, path, failure: undefined });
    } catch (thrown) {
      replayed.push({ id, path, failure: failureFrom(thrown, { syscall: "restore", path }) });
      if (thrown instanceof Failure && thrown.code === "ENOMEDIUM") break;
    }
  }
  return replayed;
}

function isParked(entry: { readonly state: string }, storeUrl: string): entry is WholeEntry {
  if (entry.state !== "whole") return false;
  const { manifest, restored } = entry as WholeEntry;
  return manifest.store === storeUrl && manifest.refusal.class === "media" && restored?.complete !== true;
}
