/**
 * The nodes that the store has given ids for, and where it last saw each. Bounded: beyond `nodesMax` the least recently
 * used node that nothing holds and no other node's place needs is forgotten; its id is stale until it is looked up again.
 *
 * I1 Every node is found under its id.
 * I2 The root is never forgotten and has no place.
 */
import { assert, Failure } from "../../base/index.ts";
import type { NodeId } from "../../port/index.ts";
import type { FileStatus } from "../../system/index.ts";
import { identityOf, kindOf, nodeIdOf } from "./attributes.ts";
import { DirectoryNode, type Place, placesMax } from "./directory-node.ts";

const evictionStepsMax = 64;

export class NodeTable {
  readonly root: DirectoryNode;
  /** The device of the root that was opened first; another in its place later may have the same inodes. */
  rootDevice: number | undefined;
  readonly #nodesMax: number;
  readonly #nodes = new Map<NodeId, DirectoryNode>();

  constructor(nodesMax: number) {
    this.#nodesMax = nodesMax;
    this.root = new DirectoryNode("root", "", "directory", 0n);
    this.#nodes.set(this.root.id, this.root);
  }

  nodes(): Iterable<DirectoryNode> {
    return this.#nodes.values();
  }

  /** The node of an id; ESTALE when the store does not know it. */
  get(id: NodeId, syscall: string): DirectoryNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Failure("ESTALE", { syscall });
    node.isRecentlyUsed = true;
    return node;
  }

  /** The node with such a status, if the store knows it. */
  known(status: FileStatus): DirectoryNode | undefined {
    return this.#nodes.get(nodeIdOf(status, this.rootDevice));
  }

  /** Notes that a node was seen under a name; answers the node, a new one if need be. */
  meet(parent: DirectoryNode, name: Uint8Array, status: FileStatus): DirectoryNode {
    const id = nodeIdOf(status, this.rootDevice);
    let node = this.#nodes.get(id);
    if (node === undefined) {
      node = new DirectoryNode(id, identityOf(status), kindOf(status), status.inode);
      this.#nodes.set(id, node);
      this.#addPlace(node, { parent, name });
      if (this.#nodes.size > this.#nodesMax) this.#evict(node);
      return node;
    }
    node.isRecentlyUsed = true;
    const last = node.places[node.places.length - 1];
    if (last?.parent === parent && sameName(last.name, name)) return node;
    // A directory has one name only: whatever was known before is where it is no more.
    if (node.kind === "directory") while (node.places.length > 0) this.#dropPlaceAt(node, 0);
    this.forgetPlace(node, parent, name);
    this.#addPlace(node, { parent, name });
    return node;
  }

  #addPlace(node: DirectoryNode, place: Place): void {
    assert(node !== this.root && place.parent !== node, "a node's place is in another directory");
    if (node.places.length >= placesMax) this.#dropPlaceAt(node, 0);
    node.places.push(place);
    place.parent.childCount++;
  }

  /** The node is no longer at that name. */
  forgetPlace(node: DirectoryNode, parent: DirectoryNode, name: Uint8Array): void {
    const at = node.places.findIndex((place) => place.parent === parent && sameName(place.name, name));
    if (at >= 0) this.#dropPlaceAt(node, at);
  }

  #dropPlaceAt(node: DirectoryNode, at: number): void {
    const [place] = node.places.splice(at, 1);
    if (place === undefined) return;
    place.parent.childCount--;
    this.#dropIfLost(place.parent);
  }

  /** Forgets a node that is nowhere any more, unless something still needs the record. */
  forgetIfLost(node: DirectoryNode): void {
    this.#dropIfLost(node);
  }

  #dropIfLost(node: DirectoryNode): void {
    if (node === this.root || node.places.length > 0) return;
    if (node.childCount > 0 || node.holdCount > 0 || node.userCount > 0) return;
    // Another may have its id by now: whoever waits for a turn at a node does not keep it from being forgotten.
    if (this.#nodes.get(node.id) === node) this.#nodes.delete(node.id);
  }

  /** Forgets one node if it can; never the one that was just met. */
  #evict(met: DirectoryNode): void {
    let steps = 0;
    for (const node of this.#nodes.values()) {
      if (steps++ >= evictionStepsMax) return;
      const isNeeded =
        node === this.root ||
        node === met ||
        node.childCount > 0 ||
        node.holdCount > 0 ||
        node.userCount > 0 ||
        node.reader !== undefined ||
        node.writer !== undefined;
      this.#nodes.delete(node.id);
      if (!isNeeded && !node.isRecentlyUsed) {
        while (node.places.length > 0) this.#dropPlaceAt(node, 0);
        if (this.#nodes.size <= this.#nodesMax) return;
        continue;
      }
      node.isRecentlyUsed = false;
      this.#nodes.set(node.id, node);
    }
  }
}

/** The path from a directory above to a place, as bytes with a NUL; undefined when a directory on the way is nowhere. */
export function pathOf(place: Place, above: DirectoryNode): Uint8Array | undefined {
  const names: Uint8Array[] = [place.name];
  let length = place.name.length;
  for (let at = place.parent; at !== above; ) {
    const its = at.places[at.places.length - 1];
    if (its === undefined || names.length > depthMax) return undefined;
    names.push(its.name);
    length += its.name.length;
    at = its.parent;
  }
  const path = new Uint8Array(length);
  let position = 0;
  for (let step = names.length - 1; step >= 0; step--) {
    const name = names[step];
    assert(name !== undefined, "every step of a path has a name");
    path.set(name, position);
    position += name.length;
    if (step > 0) path[position - 1] = 0x2f;
  }
  return path;
}

/** Deeper than any real tree: two stale places that contain each other must not make a walk endless. */
const depthMax = 8192;

function sameName(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}
