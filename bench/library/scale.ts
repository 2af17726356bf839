/**
 * What a 4 KiB hit costs as the cached file grows from 1,000 to 1,000,000 pages of 4 KiB, in an order that no prefetcher
 * can guess. The processor's own caches make every memory access dearer as the footprint grows, so two questions are kept
 * apart. *The same 1,000 pages*, scattered over the file: the footprint stays, only the cache's own structures grow.
 * *All pages*: plain copies out of as many separate pieces are timed beside, and rise as well.
 */
import { type Contender, shuffled, speedAgainst, type Timing, takeTurns } from "../measure.ts";
import { grouped, nanoseconds, percent, type Report, type Table, type Target } from "../report.ts";
import { type CachedFile, cachedFile, credential } from "./cached-file.ts";
import { plainPieces, separatePieces } from "./plain-memory.ts";

const pageSize = 4096;
/** Hits in a round, whatever the file's size. */
const hitCount = 20_000;
const hotPageCount = 100;
/** How many times the cost in the smallest file still counts as flat, for a thousand times the pages. */
const flatRatioMax = 2;

/** Does `step` for each entry of the order; every round goes on where the last one stopped. */
function walker(name: string, order: Int32Array, step: (entry: number) => void): Contender {
  let next = 0;
  const run = (): void => {
    for (let done = 0; done < hitCount; done++) {
      step(order[next] as number);
      next = next + 1 === order.length ? 0 : next + 1;
    }
  };
  return { name, run };
}

function copies(name: string, pieces: readonly Uint8Array[], order: Int32Array): Contender {
  const own = new Uint8Array(pageSize);
  return walker(name, order, (entry) => own.set(pieces[entry] as Uint8Array));
}

function hitsIn({ space, readahead }: CachedFile, order: Int32Array): Contender[] {
  const own = new Uint8Array(pageSize);
  return [
    walker("tryRead", order, (entry) => {
      if (space.tryRead(entry * pageSize, own, readahead, credential) !== pageSize) throw new Error("a read missed");
    }),
    walker("tryWrite", order, (entry) => {
      if (space.tryWrite(entry * pageSize, own, credential) !== pageSize) throw new Error("a write had to wait");
    }),
  ];
}

interface TimingsOfSize {
  readonly pageCount: number;
  /** Plain copy, plain copy of separate pieces, read, write. */
  readonly all: readonly [Timing, Timing, Timing, Timing];
  /** Plain copy of separate pieces, read, write: of the same few pages. */
  readonly hot: readonly [Timing, Timing, Timing];
}

async function timingsAt(pageCount: number, roundCount: number): Promise<TimingsOfSize> {
  const order = shuffled(pageCount);
  const hotOrder = order.slice(0, hotPageCount);
  const file = await cachedFile({ pageSize, pageCount });
  const pieces = separatePieces(pageSize, pageCount);
  const hot = await takeTurns(
    [copies("plain copy", pieces, hotOrder), ...hitsIn(file, hotOrder)],
    hitCount,
    roundCount,
    5,
  );
  const all = await takeTurns(
    [
      copies("plain copy", plainPieces(pageSize, pageCount), order),
      copies("plain copy, separate pieces", pieces, order),
      ...hitsIn(file, order),
    ],
    hitCount,
    roundCount,
    5,
  );
  return { pageCount, all: all as unknown as TimingsOfSize["all"], hot: hot as unknown as TimingsOfSize["hot"] };
}

function hotTable(sizes: readonly TimingsOfSize[]): Table {
  return {
    title: `4 KiB hits on the same ${grouped(hotPageCount)} pages scattered over a larger and larger cached file, ns each`,
    columns: ["cached pages", "plain copy", "tryRead", "tryWrite", "read, of plain", "write, of plain"],
    rows: sizes.map(({ pageCount, hot }) => [
      grouped(pageCount),
      ...hot.map(({ nsMedian }) => nanoseconds(nsMedian)),
      ...hot.slice(1).map((timing) => percent(speedAgainst(timing, hot[0]))),
    ]),
  };
}

function allTable(sizes: readonly TimingsOfSize[]): Table {
  return {
    title: "4 KiB hits on all cached pages in random order, ns each",
    columns: [
      "cached pages",
      "plain copy",
      "plain, separate pieces",
      "tryRead",
      "tryWrite",
      "read, of separate",
      "write, of separate",
    ],
    rows: sizes.map(({ pageCount, all }) => [
      grouped(pageCount),
      ...all.map(({ nsMedian }) => nanoseconds(nsMedian)),
      ...all.slice(2).map((timing) => percent(speedAgainst(timing, all[1]))),
    ]),
    notes: [
      "Separate pieces are allocations of their own. Above some 8,000 pages the footprint is larger than the",
      "processor's caches: plain copies become dearer too, and a hit has the page and its tree node to fetch as well.",
    ],
  };
}

export async function scale(quick: boolean): Promise<Report> {
  const pageCounts = quick ? [1_000, 10_000, 100_000] : [1_000, 10_000, 100_000, 1_000_000];
  const sizes: TimingsOfSize[] = [];
  for (const pageCount of pageCounts) sizes.push(await timingsAt(pageCount, quick ? 9 : 25));
  const [smallest, largest] = [sizes[0], sizes.at(-1)] as [TimingsOfSize, TimingsOfSize];
  const targets = [1, 2].map((at): Target => {
    const before = smallest.hot[at] as Timing;
    const after = largest.hot[at] as Timing;
    const ratio = after.nsMedian / before.nsMedian;
    return {
      what: `4 KiB ${before.name}, the same pages in a file of ${grouped(largest.pageCount)} cached pages`,
      wanted: `flat from ${grouped(smallest.pageCount)} on (x${flatRatioMax} at most)`,
      measured: `${nanoseconds(before.nsMedian)} -> ${nanoseconds(after.nsMedian)} ns: x${ratio.toFixed(2)}`,
      reached: ratio <= flatRatioMax,
    };
  });
  return { tables: [hotTable(sizes), allTable(sizes)], targets };
}
