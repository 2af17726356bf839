/** Where appends were put: a handle does not say, so the answers of its address space are listened in on. */

import type { AddressSpace } from "../../src/cache/index.ts";
import type { VolumeNode } from "../../src/files/nodes/volume-node.ts";

export class AppendWatch {
  readonly #positions: Map<Uint8Array, number> = new Map();

  constructor(space: AddressSpace) {
    const append = space.append.bind(space);
    space.append = async (source, call) => {
      const result = await append(source, call);
      this.#positions.set(source, result.position);
      return result;
    };
  }

  /** The position of an append that has ended; told once. */
  take(source: Uint8Array): number {
    const position = this.#positions.get(source);
    if (position === undefined) throw new Error("an append that was not seen");
    this.#positions.delete(source);
    return position;
  }
}

const watches: WeakMap<AddressSpace, AppendWatch> = new WeakMap();

/** The watch over a node's address space, which it has. */
export function appendWatch(node: VolumeNode): AppendWatch {
  const space = node.space as AddressSpace;
  const known = watches.get(space) ?? new AppendWatch(space);
  watches.set(space, known);
  return known;
}
