/** The page tree against a Map: any order of inserting, removing and tagging, small and huge indexes, and what a walk costs. */
import { Session } from "node:inspector";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AssertionFailure } from "../../../../src/base/index.ts";
import { PageTree, type Tag, tags } from "../../../../src/cache/space/page-tree.ts";

interface Leaf {
  readonly index: number;
}

/** What a page tree should be: pages by index, and the indexes of each tag. */
class ModelTree {
  readonly leaves = new Map<number, Leaf>();
  readonly tagged: readonly Set<number>[] = [new Set(), new Set(), new Set()];

  next(from: number, tag: Tag | undefined): Leaf | undefined {
    const candidates = tag === undefined ? this.leaves.keys() : (this.tagged[tag] as Set<number>);
    let first = Number.POSITIVE_INFINITY;
    for (const index of candidates) if (index >= from && index < first) first = index;
    return this.leaves.get(first);
  }
}

/** Indexes near the places where a tree of 32 slots a node grows, and anywhere up to 2^41. */
const indexes = fc.oneof(
  fc.integer({ min: 0, max: 70 }),
  fc.constantFrom(0, 31, 32, 1023, 1024, 1025, 32767, 32768, 2 ** 20, 2 ** 25, 2 ** 30 - 1, 2 ** 30, 2 ** 31, 2 ** 32),
  fc.constantFrom(2 ** 32 - 1, 2 ** 32 + 1, 2 ** 35, 2 ** 40 - 1, 2 ** 40, 2 ** 40 + 31, 2 ** 41 - 1),
);
const steps = fc.array(
  fc.record({
    what: fc.constantFrom("insert", "insert", "remove", "set", "set", "clear", "next", "copy"),
    index: indexes,
    tag: fc.constantFrom<Tag>(tags.dirty, tags.writeback, tags.towrite),
    span: fc.integer({ min: 0, max: 40 }),
  }),
  { maxLength: 120 },
);

function apply(
  tree: PageTree<Leaf>,
  model: ModelTree,
  { what, index, tag, span }: { what: string; index: number; tag: Tag; span: number },
): void {
  const present = model.leaves.has(index);
  const tagged = model.tagged[tag] as Set<number>;
  if (what === "insert" && !present) {
    const leaf = { index };
    tree.insert(leaf);
    model.leaves.set(index, leaf);
  } else if (what === "remove" && present) {
    tree.remove(index);
    model.leaves.delete(index);
    for (const set of model.tagged) set.delete(index);
  } else if (what === "set" && present) {
    tree.setTag(index, tag);
    tagged.add(index);
  } else if (what === "clear") {
    tree.clearTag(index, tag);
    tagged.delete(index);
  } else if (what === "copy") {
    tree.copyTag(tag, tags.towrite, index, index + span);
    for (const other of tagged) {
      if (other >= index && other <= index + span) (model.tagged[tags.towrite] as Set<number>).add(other);
    }
  }
  expect(tree.get(index)).toBe(model.leaves.get(index));
  expect(tree.hasTag(index, tag)).toBe(tagged.has(index));
  expect(tree.next(index)).toBe(model.next(index, undefined));
  expect(tree.nextTagged(tag, index)).toBe(model.next(index, tag));
}

describe("a page tree", () => {
  test("is a map with tags, whatever is done with it, at indexes up to 2^41 [S4.13]", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const tree = new PageTree<Leaf>();
        const model = new ModelTree();
        for (const step of list) apply(tree, model, step);
        expect(tree.count).toBe(model.leaves.size);
        for (const tag of Object.values(tags)) expect(tree.taggedCount(tag)).toBe(model.tagged[tag]?.size);
        tree.checkInvariants();
      }),
      { numRuns: 300 },
    );
  });

  test("an index is filled once, and only a page that is there is removed or tagged", () => {
    const tree = new PageTree<Leaf>();
    tree.insert({ index: 7 });
    expect(() => tree.insert({ index: 7 })).toThrow(AssertionFailure);
    expect(() => tree.remove(8)).toThrow(AssertionFailure);
    expect(() => tree.setTag(8, tags.dirty)).toThrow(AssertionFailure);
  });

  test("finding the tagged pages costs in proportion to them, not to the pages", () => {
    const visits = new Map<number, number>();
    for (const pageCount of [1_000, 100_000]) {
      const tree = new PageTree<Leaf>();
      for (let index = 0; index < pageCount; index++) tree.insert({ index });
      for (let each = 0; each < 20; each++) tree.setTag(Math.floor((each * pageCount) / 20), tags.dirty);
      let found = 0;
      const calls = countCalls("#next", () => {
        let leaf = tree.nextTagged(tags.dirty, 0);
        for (; leaf !== undefined; leaf = tree.nextTagged(tags.dirty, leaf.index + 1)) found += 1;
      });
      expect(found).toBe(20);
      visits.set(pageCount, calls);
    }
    // 21 look-ups visit one node a level each, and a neighbour where a walk enters one that has nothing left.
    expect(visits.get(1_000)).toBeGreaterThan(20);
    expect(visits.get(1_000)).toBeLessThanOrEqual(21 * 2 * 2);
    expect(visits.get(100_000)).toBeLessThanOrEqual(21 * 2 * 4);
  });
});

/** How often the method of the page tree was called while `run` ran, by the engine's own count. */
function countCalls(method: string, run: () => void): number {
  const session = new Session();
  session.connect();
  let calls = 0;
  try {
    session.post("Profiler.enable");
    session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    run();
    session.post("Profiler.takePreciseCoverage", (_error, { result }) => {
      const script = result.find(({ url }) => url.includes("page-tree.ts"));
      const covered = script?.functions.find(({ functionName }) => functionName === method);
      calls = covered?.ranges[0]?.count ?? 0;
    });
    session.post("Profiler.stopPreciseCoverage");
  } finally {
    session.disconnect();
  }
  return calls;
}
