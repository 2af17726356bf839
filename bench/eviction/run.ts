/**
 * `npm run bench:eviction` replays the recorded traces through every policy at several cache sizes and prints how many
 * of the reads hit. Writes are visits too, but no hits
 * and no misses: a write needs nothing from the store.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EvictionPolicy } from "../../src/cache/reclaim/eviction-policy.ts";
import { S3Fifo } from "../../src/cache/reclaim/s3-fifo.ts";
import { readArguments } from "../usage.ts";
import { decodeTrace, type VisitSequence, visitsOf } from "./access-trace.ts";
import { ActiveInactive } from "./active-inactive.ts";
import { record } from "./record.ts";
import { Replay, type ReplayedPage } from "./replay.ts";
import { Sieve } from "./sieve.ts";
import { workloads } from "./workloads.ts";

const policies: readonly [string, (pageCountMax: number, pageBytes: number) => EvictionPolicy<ReplayedPage>][] = [
  ["active/inactive", (pageCountMax, pageBytes) => new ActiveInactive(pageCountMax, pageCountMax * pageBytes)],
  ["S3-FIFO", (pageCountMax) => new S3Fifo(pageCountMax)],
  ["SIEVE", () => new Sieve()],
];
const cacheShares = [0.01, 0.05, 0.1, 0.25, 0.5];
const pageSizes = [4096, 65536];

interface Row {
  readonly workload: string;
  readonly pageBytes: number;
  readonly share: number;
  readonly pageCountMax: number;
  /** The part of the reads that hit, for each policy. */
  readonly hitRatios: readonly number[];
}

function hitRatioOf(create: () => EvictionPolicy<ReplayedPage>, pageCountMax: number, sequence: VisitSequence): number {
  const replay = new Replay(create(), pageCountMax);
  let readCount = 0;
  let hitCount = 0;
  for (const visit of sequence.visits) {
    if (visit < 0) {
      replay.drop(-1 - visit);
      continue;
    }
    const hit = replay.visit(visit >> 1);
    if ((visit & 1) === 0) {
      readCount++;
      if (hit) hitCount++;
    }
  }
  return readCount === 0 ? 0 : hitCount / readCount;
}

function measure(traceDirectory: string): Row[] {
  const rows: Row[] = [];
  for (const { name } of workloads) {
    const trace = decodeTrace(readFileSync(join(traceDirectory, `${name}.trace.br`)));
    for (const pageBytes of pageSizes) {
      const sequence = visitsOf(trace, pageBytes);
      for (const share of cacheShares) {
        const pageCountMax = Math.max(8, Math.round(sequence.pageCount * share));
        const hitRatios = policies.map(([, create]) =>
          hitRatioOf(() => create(pageCountMax, pageBytes), pageCountMax, sequence),
        );
        rows.push({ workload: name, pageBytes, share, pageCountMax, hitRatios });
      }
    }
  }
  return rows;
}

const percent = (ratio: number): string => (ratio * 100).toFixed(1);

function print(rows: readonly Row[]): void {
  const names = policies.map(([name]) => name);
  for (const pageBytes of pageSizes) {
    console.log(`\nReads that hit, in per cent, with pages of ${pageBytes / 1024} KiB\n`);
    console.log(`| workload | cache, part of the footprint | pages | ${names.join(" | ")} |`);
    console.log(`|---|---|---|${names.map(() => "---|").join("")}`);
    const ofSize = rows.filter((row) => row.pageBytes === pageBytes);
    for (const { workload, share, pageCountMax, hitRatios } of ofSize) {
      const best = Math.max(...hitRatios);
      const cells = hitRatios.map((ratio) =>
        percent(ratio) === percent(best) ? `**${percent(ratio)}**` : percent(ratio),
      );
      console.log(`| ${workload} | ${share * 100} % | ${pageCountMax} | ${cells.join(" | ")} |`);
    }
    for (const share of cacheShares) {
      const means = names.map((_, at) => {
        const ofShare = ofSize.filter((row) => row.share === share);
        return percent(ofShare.reduce((sum, row) => sum + (row.hitRatios[at] as number), 0) / ofShare.length);
      });
      console.log(`| mean | ${share * 100} % | | ${means.join(" | ")} |`);
    }
  }
  const misses = names.map(
    (_, at) => rows.reduce((sum, row) => sum + 1 - (row.hitRatios[at] as number), 0) / rows.length,
  );
  console.log(
    `\nMean part of reads that miss, all rows: ${names.map((name, at) => `${name} ${percent(misses[at] as number)}`).join(", ")}`,
  );
}

const traceDirectory = join(process.cwd(), "bench/eviction/traces");
const text = `npm run bench:eviction -- [--record [NAME ...]]
  Replays recorded traces of real programs through every eviction policy at several cache sizes, and prints how many of the
  reads hit.

  --record   records the traces anew first, those that are named or all: ${workloads.map(({ name }) => name).join(", ")}

  Exit status: 0 when all went well, 1 when something failed, 2 when the arguments are wrong.`;
const { values, names } = readArguments({
  command: "npm run bench:eviction",
  text,
  options: { record: { type: "boolean" } },
  names: workloads.map(({ name }) => name),
  what: "trace",
});
if (values.record === true) await record(names, join(process.cwd(), "node_modules"), traceDirectory);
print(measure(traceDirectory));
