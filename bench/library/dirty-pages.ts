/**
 * Finding the dirty pages: a pass of write-back over a file with 100 dirty pages, as the cached file grows. What a pass
 * sends is the same each time, so its time should be too; the walk over the tags alone is timed as well.
 */
import { type Contender, shuffled, type Timing, takeTurns } from "../measure.ts";
import { grouped, nanoseconds, type Report } from "../report.ts";
import { cachedFile, call, credential } from "./cached-file.ts";

const pageSize = 4096;
const dirtyCount = 100;
const walksPerRound = 200;
/** DIRTY, as src/cache/space/page-tree.ts numbers the tags. */
const dirtyTag = 0;
const flatRatioMax = 2;

async function timingsAt(pageCount: number, roundCount: number): Promise<{ walk: Timing; pass: Timing }> {
  const { space } = await cachedFile({ pageSize, pageCount });
  const indexes = shuffled(pageCount).subarray(0, dirtyCount);
  const own = new Uint8Array(pageSize);
  const makeDirty = (): void => {
    for (const index of indexes) {
      if (space.tryWrite(index * pageSize, own, credential) !== pageSize) throw new Error("a write had to wait");
    }
  };
  const walk: Contender = {
    name: "walk",
    prepare: makeDirty,
    run: () => {
      for (let round = 0; round < walksPerRound; round++) {
        let found = 0;
        for (let page = space.pages.nextTagged(dirtyTag, 0); page !== undefined; found++)
          page = space.pages.nextTagged(dirtyTag, page.index + 1);
        if (found !== dirtyCount) throw new Error(`${found} dirty pages were found`);
      }
    },
  };
  const pass: Contender = { name: "pass", prepare: makeDirty, run: () => space.writeback("sync", call) };
  const [walked] = await takeTurns([walk], dirtyCount * walksPerRound, roundCount, 5);
  const [passed] = await takeTurns([pass], dirtyCount, roundCount, 5);
  return { walk: walked as Timing, pass: passed as Timing };
}

export async function dirtyPages(quick: boolean): Promise<Report> {
  const pageCounts = quick ? [1_000, 100_000] : [1_000, 100_000, 1_000_000];
  const rows: string[][] = [];
  const walkNs: number[] = [];
  const passNs: number[] = [];
  for (const pageCount of pageCounts) {
    const { walk, pass } = await timingsAt(pageCount, quick ? 9 : 31);
    walkNs.push(walk.nsMedian);
    passNs.push(pass.nsMedian);
    rows.push([grouped(pageCount), nanoseconds(walk.nsMedian), nanoseconds(pass.nsMedian)]);
  }
  const growth = (ns: readonly number[]): number => (ns.at(-1) as number) / (ns[0] as number);
  const largest = grouped(pageCounts.at(-1) as number);
  return {
    tables: [
      {
        title: `Finding ${dirtyCount} dirty pages of 4 KiB by cached pages, ns each dirty page`,
        columns: ["cached pages", "walk over the tags", "whole pass, memory store"],
        rows,
        notes: [
          "The dirty pages lie scattered, so in the largest file each has a path of tree nodes of its own: the walk per dirty",
          "page grows with the depth of the tree, never with the number of clean pages.",
        ],
      },
    ],
    targets: [
      {
        what: `finding ${dirtyCount} dirty pages among ${largest}, whole pass`,
        wanted: `in proportion to the dirty pages (x${flatRatioMax} of the smallest file at most)`,
        measured: `x${growth(passNs).toFixed(2)} (walk alone x${growth(walkNs).toFixed(2)}), pages x${grouped((pageCounts.at(-1) as number) / (pageCounts[0] as number))}`,
        reached: growth(passNs) <= flatRatioMax,
      },
    ],
  };
}
