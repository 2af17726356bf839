/** The mount against the bare loop, its ceiling, and against bindfs over the same directory. */
import { percent, type Report, type Target } from "../report.ts";
import { bareLoop, bindfs, type Contender, holdfast, plainDirectory } from "./contender.ts";
import { measureMetadata, metadataTable, type Rates } from "./metadata.ts";
import { prepareStore } from "./prepared-store.ts";
import { projectRoot } from "./project-root.ts";
import {
  nameOf,
  type Phase,
  phases,
  type Shape,
  shapesOf,
  type Transfers,
  transfer,
  transferTables,
} from "./transfers.ts";

const cacheOptions = ["--cache-size", "512M"];
const noise = 0.95;
/** What bindfs is compared in; the first moments are shown, and say how long a server of this kind takes to get going. */
const sustained = phases.filter((phase) => phase !== "first moments");

export async function mountPart(quick: boolean): Promise<Report> {
  const store = await prepareStore(quick ? 1_000 : 5_000);
  try {
    const ours = holdfast(projectRoot, store.directory, cacheOptions);
    const bare = bareLoop(projectRoot);
    const other = bindfs(store.directory);
    const contenders = [ours, bare, other];
    const shapes = shapesOf(quick);
    const transfers = await transfer(contenders, shapes, quick ? 1 : 3);
    const served = [ours, other, plainDirectory(store.directory)];
    const options = { store, createCount: quick ? 300 : 1_000, roundCount: quick ? 1 : 3 };
    const rates = await measureMetadata(served, bare, options);
    const names = [ours, bare, other, ...served.slice(2)].map(({ name }) => name);
    return {
      tables: [...transferTables(transfers, shapes, contenders), metadataTable(rates, names)],
      targets: targetsOf(transfers, rates, shapes, { ours, bare, other }),
    };
  } finally {
    await store.remove();
  }
}

interface Rivals {
  readonly ours: Contender;
  readonly bare: Contender;
  readonly other: Contender;
}

function targetsOf(
  transfers: Transfers,
  rates: Rates,
  shapes: readonly Shape[],
  { ours, bare, other }: Rivals,
): Target[] {
  const against = (rival: Contender, phase: Phase, shape: Shape, wanted: number, said?: string): Target => {
    const ratio = transfers.ratio(phase, shape, ours.name, rival.name);
    return {
      what: `${phase}, ${nameOf(shape)}`,
      wanted: said ?? `${percent(wanted)} of ${rival.name}`,
      measured: percent(ratio),
      reached: ratio >= wanted,
    };
  };
  const sequential = shapes.filter(({ order }) => order === "sequential");
  const large = sequential.filter(({ pieceBytes }) => pieceBytes > 4096);
  const small = sequential.filter(({ pieceBytes }) => pieceBytes === 4096);
  const requests = rates.ratio("requests", ours.name, bare.name);
  return [
    ...large.flatMap((shape) => [
      against(bare, "first moments", shape, 0.6),
      against(bare, "first read", shape, 0.6),
      against(bare, "cold read", shape, 0.6),
      against(bare, "write", shape, 0.6),
    ]),
    ...small.map((shape) => against(bare, "write", shape, 0.4)),
    {
      what: "attribute requests",
      wanted: `40 % of ${bare.name}`,
      measured: percent(requests),
      reached: requests >= 0.4,
    },
    ...sustained.flatMap((phase) =>
      shapes.map((shape) => against(other, phase, shape, noise, `no slower than ${other.name} (5 % for noise)`)),
    ),
  ];
}
