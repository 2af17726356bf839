/**
 * The references to nodes that the kernel holds: one for each answer that carried a node, until FORGET gives them back.
 * When a connection ends without that, whatever is left is given back here.
 */
import type { Node, Volume } from "../../files/index.ts";

export class NodeReferences {
  readonly #volume: Volume;
  readonly #counts = new Map<Node, number>();

  constructor(volume: Volume) {
    this.#volume = volume;
  }

  get nodeCount(): number {
    return this.#counts.size;
  }

  /** An answer carries the node; answers with the one to name there, for the volume may have met it anew. */
  add(node: Node): Node {
    const known = this.#volume.remember(node);
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + 1);
    return known;
  }

  /** The kernel gives references back; answers whether it had that many. */
  remove(number: number, count: number): boolean {
    const node = this.#volume.node(number);
    const held = node === undefined ? undefined : this.#counts.get(node);
    if (node === undefined || held === undefined || held < count) return false;
    if (held === count) this.#counts.delete(node);
    else this.#counts.set(node, held - count);
    this.#volume.forget(node, count);
    return true;
  }

  releaseAll(): void {
    for (const [node, count] of this.#counts) this.#volume.forget(node, count);
    this.#counts.clear();
  }
}
