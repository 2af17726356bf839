/** One node of a medium, as it is remembered: its lasting id, its inner id of the moment, and where it was found. */
import type { AccessMode, Attributes, Credential, NodeId, StoreEntry, Version } from "../../port/index.ts";

/** The right to a file's content. */
export interface Hold {
  readonly mode: AccessMode;
  readonly credential: Credential;
  count: number;
  /** How many of them the store of the node's generation has given: after a return it may have refused. */
  given: number;
}

/** A name in a directory. */
export interface Place {
  readonly parent: MediumNode;
  readonly name: string;
}

export class MediumNode {
  readonly id: NodeId;
  innerId: NodeId;
  generation: number;
  /** What the store said last. */
  attributes: Attributes;
  /** Where it was met, the latest last. None of the root, nor of a node whose names were removed from here. */
  places: readonly Place[] = [];
  childCount = 0;
  isRecentlyUsed = false;
  holds: Map<string, Hold> | undefined;
  /** Where it stood before bytes that its writer was not told of came to it from here, and where it stands since. */
  led: { readonly earlier: ReadonlySet<Version>; readonly version: Version } | undefined;
  /** Under way: it is being looked for after a return. */
  finding: { readonly generation: number; readonly innerId: Promise<NodeId> } | undefined;

  constructor(id: NodeId, { node, attributes }: StoreEntry, generation: number) {
    this.id = id;
    this.innerId = node;
    this.attributes = attributes;
    this.generation = generation;
  }

  /** Where it was met last. */
  get place(): Place | undefined {
    return this.places.at(-1);
  }
}
