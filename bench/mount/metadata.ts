/** Rates of requests, stat, create and unlink, and how long a git clone takes, through mounts. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "../measure.ts";
import { grouped, percent, progress, type Table } from "../report.ts";
import type { Contender, Mounted } from "./contender.ts";
import type { PreparedStore } from "./prepared-store.ts";
import { run, timed } from "./run-program.ts";

const client = fileURLToPath(new URL("./metadata-client.js", import.meta.url));

/** Rounds of each rate, by what it is and by contender. */
export class Rates {
  readonly #rounds = new Map<string, number[]>();

  add(what: string, contender: string, rate: number): void {
    const key = `${what}/${contender}`;
    this.#rounds.set(key, [...(this.#rounds.get(key) ?? []), rate]);
  }

  rounds(what: string, contender: string): readonly number[] {
    return this.#rounds.get(`${what}/${contender}`) ?? [];
  }

  median(what: string, contender: string): number {
    return median(this.rounds(what, contender));
  }

  ratio(what: string, contender: string, yardstick: string): number {
    const others = this.rounds(what, yardstick);
    return median(this.rounds(what, contender).map((rate, round) => rate / (others[round] as number)));
  }
}

export interface MetadataOptions {
  readonly store: PreparedStore;
  readonly createCount: number;
  readonly roundCount: number;
}

/** The contenders that serve the store, and perhaps the bare loop, which only answers plain requests. */
export async function measureMetadata(
  contenders: readonly Contender[],
  bare: Contender | undefined,
  options: MetadataOptions,
): Promise<Rates> {
  const rates = new Rates();
  const all = bare === undefined ? contenders : [bare, ...contenders];
  for (let round = 0; round < options.roundCount; round++) {
    progress(`names and attributes, round ${round + 1} of ${options.roundCount}`);
    for (let turn = 0; turn < all.length; turn++) {
      const contender = all[(turn + round) % all.length] as Contender;
      await measureOne(contender, contender === bare, options, rates);
    }
  }
  return rates;
}

async function measureOne(
  contender: Contender,
  isBare: boolean,
  { store, createCount }: MetadataOptions,
  rates: Rates,
): Promise<void> {
  const mounted = await contender.mount();
  const ask = async (...words: string[]): Promise<void> => {
    const out = await run([process.execPath, client, mounted.directory, ...words]);
    for (const [what, rate] of Object.entries(JSON.parse(out) as Record<string, number>))
      rates.add(what, contender.name, rate);
  };
  try {
    if (!isBare) await ask("stat", String(store.smallFileCount));
    await ask("requests", "file");
    if (isBare) return;
    await ask("create", String(createCount));
    await clone(mounted, store, (clonesPerSecond) => rates.add("clone", contender.name, clonesPerSecond));
  } finally {
    await mounted.end();
  }
}

async function clone(mounted: Mounted, store: PreparedStore, note: (clonesPerSecond: number) => void): Promise<void> {
  const target = join(mounted.directory, "clone");
  const elapsedMs = await timed(["git", "clone", "-q", `file://${store.repository}`, target]);
  note(1000 / elapsedMs);
  await run(["git", "-C", target, "fsck", "--no-progress"]);
  await rm(target, { recursive: true });
}

const whats: readonly (readonly [string, string])[] = [
  ["requests", "attribute requests a second (statx, forced to the server)"],
  ["statCold", "stat a second, each file the first time"],
  ["statWarm", "stat a second, again"],
  ["create", "create and close a second"],
  ["unlink", "unlink a second"],
  ["clone", "git clone of 1,000 files, seconds"],
];

export function metadataTable(rates: Rates, names: readonly string[]): Table {
  const [first, ...others] = names as [string, ...string[]];
  const cell = (what: string, name: string): string => {
    const rounds = rates.rounds(what, name);
    if (rounds.length === 0) return "";
    return what === "clone" ? (1 / median(rounds)).toFixed(2) : grouped(median(rounds));
  };
  return {
    title: "Mount: names and attributes",
    columns: ["", ...names, ...others.map((other) => `${first} of ${other}`)],
    rows: whats.map(([what, title]) => [
      title,
      ...names.map((name) => cell(what, name)),
      ...others.map((other) =>
        rates.rounds(what, other).length === 0 ? "" : percent(rates.ratio(what, first, other)),
      ),
    ]),
    notes: ["Ratios are of speeds: above 100 % is faster."],
  };
}
