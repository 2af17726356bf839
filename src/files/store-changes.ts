/**
 * What other clients change, as the store reports it: what is cached of it is no longer believed, and the mount hears
 * of it. Pages go when the next access brings attributes with another version; dirty bytes stay.
 */
import type { StoreChange } from "../port/index.ts";
import type { VolumeNode } from "./nodes/volume-node.ts";
import type { VolumeCore } from "./volume-core.ts";

/** Applies the store's reports until the answer is called. */
export function watchStore(core: VolumeCore): () => void {
  if (!core.store.manifest.reportsChanges) return () => {};
  return core.store.watch((change) => {
    const node = core.nodes.byId(change.node);
    if (node !== undefined) apply(core, node, change.what);
  });
}

function apply(core: VolumeCore, node: VolumeNode, what: StoreChange["what"]): void {
  core.expire(node);
  switch (what) {
    case "content":
      core.events.emit("invalidate", { what: "content", node, start: 0, end: undefined });
      return;
    case "attributes":
      core.accessChanged(node);
      core.events.emit("invalidate", { what: "attributes", node });
      return;
    case "entries":
      entriesChanged(core, node);
      return;
    case "removed":
      removed(core, node);
      return;
  }
}

/** Names of the directory were made or removed at the store: nothing that is remembered of them is believed. */
export function entriesChanged(core: VolumeCore, directory: VolumeNode): void {
  core.expire(directory);
  directory.entriesGeneration++;
  for (const name of directory.entries?.keys() ?? []) {
    core.events.emit("invalidate", { what: "entry", parent: directory, name });
  }
  core.entries.clear(directory);
  core.events.emit("invalidate", { what: "content", node: directory, start: 0, end: undefined });
}

function removed(core: VolumeCore, node: VolumeNode): void {
  const { parent, name } = node;
  core.accessChanged(node);
  if (parent !== undefined) {
    parent.entriesGeneration++;
    core.entries.removeNode(node);
    core.events.emit("invalidate", { what: "entry", parent, name });
  }
  core.events.emit("invalidate", { what: "attributes", node });
}
