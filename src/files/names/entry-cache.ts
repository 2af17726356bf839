/**
 * The names that a volume remembers: found ones with their node, missing ones as null. Entries live in the maps of their
 * directories; this class counts and bounds them over the whole volume.
 *
 * Invariants
 *   I1  `#count` is the sum of the sizes of all directories' maps, and at most `entriesMax`.
 *   I2  A directory is in `#directories` exactly while its map has entries.
 * When there are too many, directories give up their oldest entry in turn.
 */
import { assert, type Milliseconds } from "../../base/index.ts";
import type { Entry, VolumeNode } from "../nodes/volume-node.ts";

export class EntryCache {
  readonly #entriesMax: number;
  readonly #directories = new Set<VolumeNode>();
  #count = 0;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get count(): number {
    return this.#count;
  }

  /** What is remembered of a name, however old; undefined when nothing is, or its node was dropped. */
  find(parent: VolumeNode, name: string): Entry | undefined {
    const entry = parent.entries?.get(name);
    return entry?.node?.dropped === true ? undefined : entry;
  }

  /** Remembers a name. The node also learns where it was last seen. */
  put(parent: VolumeNode, name: string, node: VolumeNode | null, untilMs: Milliseconds): void {
    if (node !== null && node.parent !== undefined) {
      node.parent = parent;
      node.name = name;
    }
    if (parent.dropped) return;
    parent.entries ??= new Map();
    if (parent.entries.delete(name)) this.#count--;
    parent.entries.set(name, { node, untilMs });
    this.#count++;
    this.#directories.add(parent);
    if (this.#count > this.#entriesMax) this.#makeRoom();
  }

  remove(parent: VolumeNode, name: string): void {
    if (parent.entries?.delete(name) !== true) return;
    this.#count--;
    if (parent.entries.size === 0) this.#directories.delete(parent);
  }

  /** Forgets what is remembered of a node's name, if it is this very node. */
  removeNode(node: VolumeNode): void {
    const { parent, name } = node;
    if (parent?.entries?.get(name)?.node === node) this.remove(parent, name);
  }

  clear(directory: VolumeNode): void {
    this.#count -= directory.entries?.size ?? 0;
    directory.entries?.clear();
    this.#directories.delete(directory);
  }

  #makeRoom(): void {
    const directory = this.#directories.values().next();
    if (directory.done === true) return;
    const oldest = directory.value.entries?.keys().next();
    if (oldest !== undefined && oldest.done !== true) this.remove(directory.value, oldest.value);
    if (this.#directories.delete(directory.value)) this.#directories.add(directory.value);
  }

  checkInvariants(): void {
    let count = 0;
    for (const directory of this.#directories) {
      assert((directory.entries?.size ?? 0) > 0, "a listed directory has entries");
      count += directory.entries?.size ?? 0;
    }
    assert(count === this.#count, "entries are counted");
    assert(this.#count <= this.#entriesMax, "entries are bounded");
  }
}
