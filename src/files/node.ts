/** A node as the users of a volume see it: one object for each file, directory, link or special node of the store. */
import type { Attributes, NodeId, NodeKind } from "../port/index.ts";

export interface Node {
  /** The store's own name for the node. */
  readonly id: NodeId;
  /** A number that names the node inside this volume and is never given twice; the root has 1. Fits a FUSE node id. */
  readonly number: number;
  readonly kind: NodeKind;
  /** The store's last word on it, however old. What programs are to see is asked of the volume. */
  readonly attributes: Attributes;
  /** The path that last led here, for messages: "/docs/letter.txt". */
  readonly path: string;
  /** Under how many credentials the file is open for writing now. */
  readonly writingCredentialCount: number;
}
