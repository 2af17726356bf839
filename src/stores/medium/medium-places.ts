/**
 * The names that nodes of a medium were met under. A file may have several (hard links), and is found again by any of them.
 *
 * Invariants
 *   P1  `#byKey` leads from each place of a node to it, so a place has one node.
 *   P2  `childCount` is the number of places that are in the node.
 *   P3  A directory has one place, and so has every node where `hasLinks` is false; others have `placesMax` at most, and the one
 *       that was met longest ago is forgotten first.
 *   P4  Places lead to the root, or to a node that has none; never in a circle.
 *   P5  A change of names is *under way* from before the store is asked for it until its places are what the store answered.
 */
import type { NodeId } from "../../port/index.ts";
import type { MediumNode, Place } from "./medium-node.ts";

const placesMax = 8;

/** Names that are given to others. */
interface NameChange {
  readonly keys: readonly string[];
  readonly ended: Promise<void>;
}

export class MediumPlaces {
  readonly #hasLinks: boolean;
  readonly #byKey: Map<string, MediumNode> = new Map();
  readonly #underWay: Set<NameChange> = new Set();

  /** `hasLinks`: whether a node is recognised wherever it is met, so that a name it may have lost does no harm. */
  constructor(hasLinks: boolean) {
    this.#hasLinks = hasLinks;
  }

  at(parent: NodeId, name: string): MediumNode | undefined {
    return this.#byKey.get(keyOf(parent, name));
  }

  /** The node has this name, besides those that it may have had before; whoever had it has it no more. */
  put(node: MediumNode, place: Place): void {
    const { parent, name } = place;
    if (node.place?.parent === parent && node.place.name === name) return;
    this.take(parent.id, name);
    const kept = this.#hasLinks && node.attributes.kind !== "directory" ? placesMax - 1 : 0;
    for (const each of node.places.slice(0, Math.max(0, node.places.length - kept)))
      this.take(each.parent.id, each.name);
    this.#cutCircle(node, parent);
    node.places = [...node.places, place];
    parent.childCount += 1;
    this.#byKey.set(keyOf(parent.id, name), node);
  }

  /** Nobody has this name any more. */
  take(parent: NodeId, name: string): void {
    const key = keyOf(parent, name);
    const node = this.#byKey.get(key);
    if (node === undefined) return;
    this.#byKey.delete(key);
    node.places = node.places.filter((place) => {
      const isTaken = place.parent.id === parent && place.name === name;
      if (isTaken) place.parent.childCount -= 1;
      return !isTaken;
    });
  }

  /** The node has no name any more. */
  takeAll(node: MediumNode): void {
    for (const { parent, name } of node.places) this.take(parent.id, name);
  }

  /** Has `change` ask the store to give these names to others, and put and take their places. */
  async change(names: readonly [parent: NodeId, name: string][], change: () => Promise<void>): Promise<void> {
    const ended = change();
    const underWay = { keys: names.map(([parent, name]) => keyOf(parent, name)), ended };
    this.#underWay.add(underWay);
    await ended.finally(() => this.#underWay.delete(underWay));
  }

  /** Resolves when no change is under way of those that were when this was asked, and that may concern these places. */
  async settled(places: readonly Place[]): Promise<void> {
    const keys = new Set(places.map(({ parent, name }) => keyOf(parent.id, name)));
    const concerned = [...this.#underWay].filter((change) => change.keys.some((key) => keys.has(key)));
    await Promise.allSettled(concerned.map(({ ended }) => ended));
  }

  /** What is under way was asked of a store that is left, and may never end. */
  leave(): void {
    this.#underWay.clear();
  }

  /** Where `parent` seems to be below `node`, which is in it, one on the way was moved by others meanwhile. */
  #cutCircle(node: MediumNode, parent: MediumNode): void {
    if (node.childCount === 0) return;
    for (let at = parent; at.place !== undefined; at = at.place.parent) {
      if (at.place.parent !== node) continue;
      this.takeAll(at);
      return;
    }
  }
}

export function pathOf(place: Place): string {
  let path = "";
  for (let at: Place | undefined = place; at !== undefined; at = at.parent.place) path = `/${at.name}${path}`;
  return path;
}

function keyOf(parent: NodeId, name: string): string {
  return `${parent}/${name}`;
}
