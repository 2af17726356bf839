/**
 * The nodes that a volume remembers: one object for each node id, so that one file has one address space.
 *
 * States of a node:
 *
 *        intern                 use                      unuse
 *   (no object) ---> idle <-----------> used      (a removed node: unuse ---> dropped)
 *                     |  ^
 *               sweep |  | adopt
 *                     v  |
 *                   dropped
 *
 * Invariants
 *   I1  `#byId` holds the nodes that are not dropped; `#byNumber` holds these and dropped ones that are still used, whose
 *       id the store has given to another node meanwhile.
 *   I2  `#usedCount` is the number of nodes in `#byId` with `userCount` > 0.
 *   I3  Idle nodes number at most `idleNodesMax`, but for those that hold dirty bytes, those that are being made durable, those
 *       with a failure that nobody has heard of, and a batch not yet swept.
 * The sweep is a clock: a node that was used since the hand last passed goes round once more.
 */
import { assert } from "../../base/index.ts";
import type { NodeId, StoreEntry } from "../../port/index.ts";
import { VolumeNode } from "./volume-node.ts";

const sweepStepsMax = 16;

/** Keeps a node used until disposed of. */
export class NodePin implements Disposable {
  readonly node: VolumeNode;
  readonly #table: NodeTable;

  constructor(table: NodeTable, node: VolumeNode) {
    this.#table = table;
    this.node = node;
  }

  [Symbol.dispose](): void {
    this.#table.unuse(this.node);
  }
}

export class NodeTable {
  readonly #idleNodesMax: number;
  readonly #onDrop: (node: VolumeNode) => void;
  readonly #onUncommitted: (node: VolumeNode) => void;
  readonly #byId = new Map<NodeId, VolumeNode>();
  readonly #byNumber = new Map<number, VolumeNode>();
  #usedCount = 0;
  #nextNumber = 1;

  /** `onUncommitted` is called for an idle node that waits to be made durable before it is dropped. */
  constructor(idleNodesMax: number, onDrop: (node: VolumeNode) => void, onUncommitted: (node: VolumeNode) => void) {
    this.#idleNodesMax = idleNodesMax;
    this.#onDrop = onDrop;
    this.#onUncommitted = onUncommitted;
  }

  get size(): number {
    return this.#byId.size;
  }

  byNumber(number: number): VolumeNode | undefined {
    return this.#byNumber.get(number);
  }

  byId(id: NodeId): VolumeNode | undefined {
    return this.#byId.get(id);
  }

  values(): IterableIterator<VolumeNode> {
    return this.#byId.values();
  }

  /** The node of this id, if it lost its last name after a question asked when the volume's change count was `askedAt`. */
  removedSince(id: NodeId, askedAt: number): VolumeNode | undefined {
    const known = this.#byId.get(id);
    return known?.removed === true && known.removedAt > askedAt ? known : undefined;
  }

  /** The object of a store's entry: the one there is, or a new one with the entry's attributes. */
  intern(entry: StoreEntry): VolumeNode {
    const known = this.#byId.get(entry.node);
    if (known !== undefined && known.kind === entry.attributes.kind && !known.removed) {
      known.recentlyUsed = true;
      known.forgettable = false;
      known.nameless = false;
      known.lostName = false;
      return known;
    }
    // The store has given the id to another node; the old one lives on in its handles only.
    if (known !== undefined) this.#forget(known);
    const node = new VolumeNode(this.#nextNumber++, entry.node, entry.attributes);
    this.#add(node);
    this.#sweep();
    return node;
  }

  /** The object to work on for one that a caller kept: itself, or its successor when it was dropped. */
  current(node: VolumeNode): VolumeNode {
    node.recentlyUsed = true;
    node.forgettable = false;
    if (!node.dropped) return node;
    const successor = this.#byId.get(node.id);
    // One that was dropped while it is used has lost its id to another node.
    if (node.userCount > 0) return node;
    if (successor !== undefined) return successor;
    if (!node.removed) {
      node.dropped = false;
      this.#add(node);
    }
    return node;
  }

  pin(node: VolumeNode): NodePin {
    const current = this.current(node);
    this.use(current);
    return new NodePin(this, current);
  }

  use(node: VolumeNode): void {
    if (node.userCount++ > 0) return;
    node.commitGivenUp = false;
    if (!node.dropped) this.#usedCount++;
  }

  unuse(node: VolumeNode): void {
    assert(node.userCount > 0, "a node is given back as often as it was taken");
    if (--node.userCount > 0) return;
    if (node.dropped) {
      this.#letGo(node);
      return;
    }
    this.#usedCount--;
    if (node.removed || node.forgettable) this.drop(node);
    else this.#sweep();
  }

  /** Forgets an idle node now. */
  drop(node: VolumeNode): void {
    if (node.userCount > 0 || node.dropped) return;
    if (node.mayBeDropped) this.#forget(node);
    else if (node.wantsCommit) this.#onUncommitted(node);
  }

  /** Forgets every idle node: nothing is asked of the volume any more. */
  dropAll(): void {
    for (const node of [...this.#byId.values()]) this.drop(node);
  }

  #add(node: VolumeNode): void {
    this.#byId.set(node.id, node);
    this.#byNumber.set(node.number, node);
  }

  #forget(node: VolumeNode): void {
    this.#byId.delete(node.id);
    node.dropped = true;
    if (node.userCount === 0) this.#letGo(node);
    else this.#usedCount--;
  }

  #letGo(node: VolumeNode): void {
    this.#byNumber.delete(node.number);
    this.#onDrop(node);
  }

  #sweep(): void {
    for (let step = 0; step < sweepStepsMax; step++) {
      if (this.#byId.size - this.#usedCount <= this.#idleNodesMax) return;
      const first = this.#byId.values().next();
      if (first.done === true) return;
      const node = first.value;
      const isStale = node.userCount === 0 && !node.recentlyUsed;
      if (isStale && node.mayBeDropped) {
        this.#forget(node);
        continue;
      }
      if (isStale && node.wantsCommit) this.#onUncommitted(node);
      node.recentlyUsed = false;
      this.#byId.delete(node.id);
      this.#byId.set(node.id, node);
    }
  }

  checkInvariants(): void {
    assert(this.#byId.size <= this.#byNumber.size, "every node has a number");
    let usedCount = 0;
    for (const node of this.#byId.values()) {
      assert(!node.dropped, "a dropped node is not in the table");
      assert(this.#byNumber.get(node.number) === node, "a node is found by its number");
      if (node.userCount > 0) usedCount++;
    }
    assert(usedCount === this.#usedCount, "used nodes are counted");
  }
}
