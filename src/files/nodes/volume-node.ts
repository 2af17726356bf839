/**
 * What a volume knows of one node of its store.
 *
 * Words
 *   used     somebody needs this very object: the kernel (lookups), an open handle, an operation under way. Counted.
 *   idle     nobody does; the node table may drop it when it needs room.
 *   dropped  no longer in the table; a later operation adopts it again or moves on to its successor.
 *   removed  the store has no name for it any more; it lives until its last handle closes, then its pages go unwritten.
 *
 * Invariants
 *   I1  `userCount` is the sum of lookups, open handles and pins.
 *   I2  A node with bytes that are dirty, or not known to be durable, or with a failure that nobody has heard of, is never
 *       dropped, unless it is removed; of bytes that the store failed to make durable it is enough that somebody heard.
 *   I3  `attributes` is the store's last word. What programs see is `attributeView`, which puts the size and modify time
 *       of bytes not yet accepted before it.
 *   I4  `accessGeneration` grows whenever who may read the node may have changed; a handle that saw an older one asks the
 *       store before it shows another cached byte.
 *   I5  `changedAt` is the volume's change count at the latest local change; an answer to a question asked before that is
 *       old news and is not believed.
 */
import { assert, type Milliseconds } from "../../base/index.ts";
import type { AddressSpace } from "../../cache/index.ts";
import type { Attributes, Credential, NodeId, NodeKind } from "../../port/index.ts";
import type { Node } from "../node.ts";
import { Grants } from "./grants.ts";

const pathStepsMax = 4096;

/** A name of a directory as last seen: a node, or null for a name that was not there. */
export interface Entry {
  readonly node: VolumeNode | null;
  readonly untilMs: Milliseconds;
}

/** The right to write, kept after the last close for bytes that the store has not taken yet. */
export interface LingeringHold {
  readonly credential: Credential;
  readonly read: boolean;
}

export class VolumeNode implements Node {
  readonly id: NodeId;
  readonly number: number;
  readonly kind: NodeKind;

  attributes: Attributes;
  attributesUntilMs: Milliseconds = 0;
  /** A local rename, link or removal moved the change time on the server; the next difference is no news. */
  changeTimeExplained = false;
  changedAt = 0;
  /** The volume's change count at the latest question about the node that was answered. */
  answeredAt = 0;
  accessGeneration = 0;
  readonly grants: Grants = new Grants();
  linkTarget: string | undefined;
  view: Attributes | undefined;
  viewBase: Attributes | undefined;

  parent: VolumeNode | undefined;
  name = "";
  entries: Map<string, Entry> | undefined;
  /** Grows before and after each local change of names; an answer that saw it grow is not cached. */
  entriesGeneration = 0;

  space: AddressSpace | undefined;
  userCount = 0;
  lookupCount = 0;
  handleCount = 0;
  recentlyUsed = true;
  dropped = false;
  removed = false;
  /** The volume's change count when its last name went; an answer to a question asked before that is old. */
  removedAt = 0;
  /** Its last name, as far as is known, was removed from here; the kernel may have it open all the same. */
  nameless = false;
  /** One of its names was removed from here: whether the store finds it by another, without a hold, is not known. */
  lostName = false;
  /** Probably nobody will ask for the node again: it goes as soon as it is idle. */
  forgettable = false;
  /** The store failed to make durable what it took before the node became idle: that was told, and is not tried again. */
  commitGivenUp = false;
  /** How many handles are open for writing, by credential id. */
  writers: Map<string, number> | undefined;
  lingeringHolds: LingeringHold[] = [];

  constructor(number: number, id: NodeId, attributes: Attributes) {
    this.number = number;
    this.id = id;
    this.kind = attributes.kind;
    this.attributes = attributes;
  }

  get writingCredentialCount(): number {
    return this.writers?.size ?? 0;
  }

  get path(): string {
    if (this.parent === undefined) return this.name === "" ? "/" : this.name;
    let path = "";
    let node: VolumeNode | undefined = this;
    for (let step = 0; node?.parent !== undefined && step < pathStepsMax; step++) {
      path = `/${node.name}${path}`;
      node = node.parent;
    }
    return path;
  }

  /** Whether the node holds bytes that are nowhere else, not taken by the store yet or refused and not rescued, or untold. */
  get isDirty(): boolean {
    const { space } = this;
    return space !== undefined && (space.dirtyBytes > 0 || space.unrescuedBytes > 0 || space.isSettling);
  }

  /** Whether the store took bytes of the node that are not known to be durable. */
  get isUncommitted(): boolean {
    return this.space?.durability.isUncommitted === true;
  }

  /** Whether it is left to the volume to have what the store took made durable, before the node may be dropped. */
  get wantsCommit(): boolean {
    return this.isUncommitted && !this.commitGivenUp && !this.isDirty && !this.removed;
  }

  /** Whether the volume may forget the node: nothing of it would be lost, left out of a later sync, or never told. */
  get mayBeDropped(): boolean {
    if (this.removed) return true;
    return !this.isDirty && !this.wantsCommit && this.space?.errors.hasUnseen !== true;
  }

  countWriter(credential: Credential, change: 1 | -1): void {
    this.writers ??= new Map();
    const count = (this.writers.get(credential.id) ?? 0) + change;
    if (count === 0) this.writers.delete(credential.id);
    else this.writers.set(credential.id, count);
  }
}

/** All handles of some kind: each node that they are of counts as many. */
export function checkHandleCounts(handles: Iterable<{ readonly node: VolumeNode }>): void {
  const counts = new Map<VolumeNode, number>();
  for (const { node } of handles) counts.set(node, (counts.get(node) ?? 0) + 1);
  for (const [node, count] of counts) assert(node.handleCount === count, "handles of a node are counted");
}
