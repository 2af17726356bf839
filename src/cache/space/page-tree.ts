/**
 * The pages of a file by index: a radix tree of 32 slots a node, as the kernel's XArray, with three tags. A tag is set on a
 * node exactly when a page below carries it, so finding the tagged pages costs in proportion to them, not to the file.
 *
 * Words. A node's *level* is 0 for a leaf, whose slots hold pages. A *digit* is the five bits of an index at a level.
 *
 * Invariants.
 * I1 Every node but an empty root holds at least one slot.
 * I2 A tag bit of a node's slot is set exactly when the page, or some page below, carries the tag.
 * I3 The counts equal what a walk finds.
 */
import { assert, type PageIndex } from "../../base/index.ts";

/** DIRTY: has bytes the store was not sent. WRITEBACK: in flight. TOWRITE: chosen by a running write-back. */
export const tags = { dirty: 0, writeback: 1, towrite: 2 } as const;
export type Tag = (typeof tags)[keyof typeof tags];

const digitBits = 5;
const slotCount = 32;
const lowBits = 30;
const lowLevels = lowBits / digitBits;
const lowSpan = 2 ** lowBits;

/** Its slots are the node itself, an array: a look-up has one object less to fetch on each level. */
class TreeNode<Leaf> extends Array<Leaf | TreeNode<Leaf> | undefined> {
  readonly level: number;
  /** Null for the root; set once more when the tree grows above it. */
  parent: TreeNode<Leaf> | null;
  /** This node's slot in its parent; a root that the tree grows above has slot 0. */
  readonly slot: number;
  readonly tagBits: [number, number, number] = [0, 0, 0];
  childCount = 0;

  constructor(level: number, parent: TreeNode<Leaf> | null, slot: number) {
    super(slotCount);
    this.fill(undefined);
    this.level = level;
    this.parent = parent;
    this.slot = slot;
  }
}

function digit(index: number, level: number): number {
  if (level < lowLevels) return (index >>> (level * digitBits)) & (slotCount - 1);
  return (Math.floor(index / lowSpan) >>> ((level - lowLevels) * digitBits)) & (slotCount - 1);
}

/** The first bit at or after `from` that is set; `slotCount` when there is none. */
function nextSetBit(bits: number, from: number): number {
  const rest = from < slotCount ? bits & (-1 << from) : 0;
  return rest === 0 ? slotCount : 31 - Math.clz32(rest & -rest);
}

/** How many indexes one slot of a node spans, by the node's level. A table: a power is computed by a slow routine. */
const slotSpans: readonly number[] = Array.from({ length: 12 }, (_, level) => slotCount ** level);

function slotSpan(level: number): number {
  return slotSpans[level] as number;
}

/** What the tree keeps: anything that knows its index. */
export interface Indexed {
  readonly index: PageIndex;
}

export class PageTree<Leaf extends Indexed> {
  #root: TreeNode<Leaf> = new TreeNode(0, null, 0);
  /** How many indexes the tree spans as high as it is now. */
  #span = slotCount;
  /** The leaf node of the last look-up and the first index it holds: neighbours are found without a walk. */
  #lastLeaf: TreeNode<Leaf> | null = null;
  #lastLeafStart = 0;
  #count = 0;
  readonly #taggedCounts: [number, number, number] = [0, 0, 0];

  get count(): number {
    return this.#count;
  }

  taggedCount(tag: Tag): number {
    return this.#taggedCounts[tag];
  }

  get(index: PageIndex): Leaf | undefined {
    const leaf = this.#leafFor(index);
    return leaf === null ? undefined : (leaf[index & (slotCount - 1)] as Leaf | undefined);
  }

  insert(leaf: Leaf): void {
    const index = leaf.index;
    while (index >= this.#span) this.#grow();
    let node = this.#root;
    while (node.level > 0) {
      const at = digit(index, node.level);
      let child = node[at] as TreeNode<Leaf> | undefined;
      if (child === undefined) {
        child = new TreeNode(node.level - 1, node, at);
        node[at] = child;
        node.childCount += 1;
      }
      node = child;
    }
    const at = index & (slotCount - 1);
    assert(node[at] === undefined, "a slot of the page tree is filled once");
    node[at] = leaf;
    node.childCount += 1;
    this.#count += 1;
  }

  remove(index: PageIndex): void {
    let node: TreeNode<Leaf> | null = this.#leafFor(index);
    const at = index & (slotCount - 1);
    assert(node !== null && node[at] !== undefined, "what leaves the page tree was in it");
    for (const tag of Object.values(tags)) this.clearTag(index, tag);
    let slot = at;
    while (node !== null) {
      node[slot] = undefined;
      node.childCount -= 1;
      if (node.childCount > 0 || node.parent === null) break;
      if (node === this.#lastLeaf) this.#lastLeaf = null;
      slot = node.slot;
      node = node.parent;
    }
    this.#count -= 1;
    if (this.#count === 0) {
      this.#root = new TreeNode(0, null, 0);
      this.#span = slotCount;
      this.#lastLeaf = null;
    }
  }

  hasTag(index: PageIndex, tag: Tag): boolean {
    const leaf = this.#leafFor(index);
    return leaf !== null && (leaf.tagBits[tag] & (1 << (index & (slotCount - 1)))) !== 0;
  }

  setTag(index: PageIndex, tag: Tag): void {
    let node: TreeNode<Leaf> | null = this.#leafFor(index);
    let at = index & (slotCount - 1);
    assert(node !== null && node[at] !== undefined, "only a page in the tree is tagged");
    if ((node.tagBits[tag] & (1 << at)) !== 0) return;
    this.#taggedCounts[tag] += 1;
    while (node !== null) {
      const before: number = node.tagBits[tag];
      node.tagBits[tag] = before | (1 << at);
      if (before !== 0) break;
      at = node.slot;
      node = node.parent;
    }
  }

  clearTag(index: PageIndex, tag: Tag): void {
    let node: TreeNode<Leaf> | null = this.#leafFor(index);
    let at = index & (slotCount - 1);
    if (node === null || (node.tagBits[tag] & (1 << at)) === 0) return;
    this.#taggedCounts[tag] -= 1;
    while (node !== null) {
      node.tagBits[tag] &= ~(1 << at);
      if (node.tagBits[tag] !== 0) break;
      at = node.slot;
      node = node.parent;
    }
  }

  /** Gives every page of [first, last] that carries `from` the tag `to` as well (tag_pages_for_writeback). */
  copyTag(from: Tag, to: Tag, first: PageIndex, last: PageIndex): void {
    for (let leaf = this.nextTagged(from, first); leaf !== undefined && leaf.index <= last; ) {
      this.setTag(leaf.index, to);
      leaf = this.nextTagged(from, leaf.index + 1);
    }
  }

  /** The first page at or after `from` that carries the tag. */
  nextTagged(tag: Tag, from: PageIndex): Leaf | undefined {
    return this.#next(this.#root, 0, from, tag);
  }

  /** The first page at or after `from`. */
  next(from: PageIndex): Leaf | undefined {
    return this.#next(this.#root, 0, from, null);
  }

  #next(node: TreeNode<Leaf>, start: number, from: number, tag: Tag | null): Leaf | undefined {
    const span = slotSpan(node.level);
    if (from >= start + span * slotCount) return undefined;
    const bits = tag === null ? -1 : node.tagBits[tag];
    const first = from <= start ? 0 : Math.floor((from - start) / span);
    for (let at = nextSetBit(bits, first); at < slotCount; at = nextSetBit(bits, at + 1)) {
      const child = node[at];
      if (child === undefined) continue;
      if (node.level === 0) return child as Leaf;
      const found = this.#next(child as TreeNode<Leaf>, start + at * span, from, tag);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #leafFor(index: number): TreeNode<Leaf> | null {
    const start = index - (index & (slotCount - 1));
    if (start === this.#lastLeafStart && this.#lastLeaf !== null) return this.#lastLeaf;
    if (index >= this.#span) return null;
    let node = this.#root;
    while (node.level > 0) {
      const child = node[digit(index, node.level)] as TreeNode<Leaf> | undefined;
      if (child === undefined) return null;
      node = child;
    }
    this.#lastLeaf = node;
    this.#lastLeafStart = start;
    return node;
  }

  #grow(): void {
    const old = this.#root;
    const root = new TreeNode<Leaf>(old.level + 1, null, 0);
    this.#root = root;
    this.#span *= slotCount;
    this.#lastLeaf = null;
    if (old.childCount === 0) return;
    old.parent = root;
    root[0] = old;
    root.childCount = 1;
    for (const tag of Object.values(tags)) root.tagBits[tag] = old.tagBits[tag] === 0 ? 0 : 1;
  }

  checkInvariants(): void {
    let count = 0;
    const tagged: [number, number, number] = [0, 0, 0];
    for (let leaf = this.next(0); leaf !== undefined; leaf = this.next(leaf.index + 1)) {
      count += 1;
      for (const tag of Object.values(tags)) if (this.hasTag(leaf.index, tag)) tagged[tag] += 1;
    }
    assert(count === this.#count, "I3 the page count is what a walk finds");
    for (const tag of Object.values(tags)) {
      assert(tagged[tag] === this.#taggedCounts[tag], "I3 the tag counts are what a walk finds");
      let walked = 0;
      for (let leaf = this.nextTagged(tag, 0); leaf !== undefined; leaf = this.nextTagged(tag, leaf.index + 1))
        walked += 1;
      assert(walked === tagged[tag], "I2 a walk by tag finds every tagged page");
    }
  }
}
