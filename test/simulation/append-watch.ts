/**
 * Where appends are put: a handle does not say, and what an append writes must tell its place. So the address space is
 * listened in on: it looks at the length of the bytes for the first time when it knows the place, in the same turn.
 */
import type { AddressSpace } from "../../src/cache/index.ts";
import type { VolumeNode } from "../../src/files/nodes/volume-node.ts";

type Placed = (position: number) => void;

class AppendWatch {
  readonly #expected: Map<Uint8Array, Placed> = new Map();

  constructor(space: AddressSpace) {
    const append = space.append.bind(space);
    space.append = (source, call) => {
      const placed = this.#expected.get(source);
      this.#expected.delete(source);
      if (placed !== undefined) whenLookedAt(source, () => placed(space.size as number));
      return append(source, call);
    };
  }

  expect(source: Uint8Array, placed: Placed): void {
    this.#expected.set(source, placed);
  }
}

/** Calls back when somebody asks for the length, before they are told. */
function whenLookedAt(source: Uint8Array, callback: () => void): void {
  const { length } = source;
  Object.defineProperty(source, "length", {
    configurable: true,
    get: () => {
      Reflect.deleteProperty(source, "length");
      callback();
      return length;
    },
  });
}

const watches: WeakMap<AddressSpace, AppendWatch> = new WeakMap();

/** Calls back with the place of the append of these bytes, before the first of them is copied. */
export function whenAppended(node: VolumeNode, source: Uint8Array, placed: Placed): void {
  const space = node.space as AddressSpace;
  const watch = watches.get(space) ?? new AppendWatch(space);
  watches.set(space, watch);
  watch.expect(source, placed);
}
