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
      node.entriesGeneration++;
      for (const name of node.entries?.keys() ?? []) {
        core.events.emit("invalidate", { what: "entry", parent: node, name });
      }
      core.entries.clear(node);
      core.events.emit("invalidate", { what: "content", node, start: 0, end: undefined });
      return;
    case "removed":
      removed(core, node);
      return;
  }
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
