/**
 * What a node's address space tells of itself: new attributes, changes by others, and refusals. A refusal ends the grant of
 * the credential that was refused (S5.5), has the attributes asked for again, and is told to whoever keeps copies of the bytes.
 */
import type { SpaceObserver, WritebackFailure } from "../../cache/index.ts";
import { writeConflictCopy } from "../refusals/conflict-copy.ts";
import type { VolumeCore } from "../volume-core.ts";
import type { WritebackFailed } from "../volume-events.ts";
import type { AttributeCache } from "./attribute-cache.ts";
import type { VolumeNode } from "./volume-node.ts";

export function observerOf(core: VolumeCore, attributes: AttributeCache, node: VolumeNode): SpaceObserver {
  const tell = (failed: WritebackFailure): WritebackFailed => ({
    ...failed,
    node,
    path: node.path,
    // Whoever remembers the node, as the kernel does, may keep copies and show them to readers unseen.
    mayHaveBeenRead: failed.mayHaveBeenRead || node.lookupCount > 0,
    toldAtNs: core.clock.wallTimeNs(),
  });
  return {
    path: () => node.path,
    attributesChanged(changed) {
      attributes.written(node, changed);
      core.settle(node);
    },
    changedElsewhere() {
      core.expire(node);
      core.events.emit("invalidate", { what: "content", node, start: 0, end: undefined });
    },
    writebackFailed(failed) {
      const event = tell(failed);
      if (isRefusal(failed)) {
        core.refusals.add(event);
        dropCopies(core, attributes, node, failed);
      }
      core.events.emit("writebackFailed", event);
    },
    keepBoth: (refused, own, signal) => writeConflictCopy(core, node, refused, own, signal),
    rescued(refused) {
      const event = tell(refused);
      core.refusals.rescued(event);
      dropCopies(core, attributes, node, refused);
      core.events.emit("rescued", event);
    },
  };
}

/** Whether the store said no for good: what is kept dirty is sent again, and of a commit nobody knows. */
function isRefusal({ outcome }: WritebackFailure): boolean {
  return outcome !== "keptDirty" && outcome !== "uncertain";
}

/** Whoever keeps copies, such as the kernel, shows what the store has from now on, and its size. */
function dropCopies(core: VolumeCore, attributes: AttributeCache, node: VolumeNode, refused: WritebackFailure): void {
  attributes.refused(node, refused.credential, refused.failure);
  core.expire(node);
  core.settle(node);
  const first = refused.ranges[0];
  if (first === undefined || refused.outcome === "salvaged" || refused.outcome === "unrescued") return;
  // From the first refused byte on, since the size may have gone back.
  const end = refused.sizeAfter === refused.sizeBefore ? refused.ranges.at(-1)?.end : undefined;
  core.events.emit("invalidate", { what: "content", node, start: first.start, end });
}
