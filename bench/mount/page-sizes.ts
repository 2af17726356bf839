/** The same mount with pages of 4, 16, 64 and 256 KiB, for the choice of the default. */
import { grouped, type Report } from "../report.ts";
import { type Contender, holdfast } from "./contender.ts";
import { measureMetadata, type Rates } from "./metadata.ts";
import { prepareStore } from "./prepared-store.ts";
import { projectRoot } from "./project-root.ts";
import { nameOf, phases, shapesOf, type Transfers, transfer } from "./transfers.ts";

const pageSizes = ["4K", "16K", "64K", "256K"];

export async function pageSizePart(quick: boolean): Promise<Report> {
  const store = await prepareStore(quick ? 200 : 1_000);
  try {
    const contenders = pageSizes.map((pageSize) =>
      holdfast(projectRoot, store.directory, ["--cache-size", "512M", "--page-size", pageSize], pageSize),
    );
    const shapes = shapesOf(quick).filter(({ pieceBytes }) => pieceBytes !== 128 * 1024);
    const roundCount = quick ? 1 : 3;
    const transfers = await transfer(contenders, shapes, roundCount);
    const rates = await measureMetadata(contenders, undefined, { store, createCount: quick ? 100 : 500, roundCount });
    return { tables: [tableOf(transfers, rates, contenders, quick)], targets: [] };
  } finally {
    await store.remove();
  }
}

function tableOf(transfers: Transfers, rates: Rates, contenders: readonly Contender[], quick: boolean) {
  const names = contenders.map(({ name }) => name);
  const shapes = shapesOf(quick).filter(({ pieceBytes }) => pieceBytes !== 128 * 1024);
  const rows = phases
    .filter((phase) => phase !== "warm read")
    .flatMap((phase) =>
      shapes.map((shape) => [
        `${phase}, ${nameOf(shape)}`,
        ...names.map((name) => grouped(transfers.median(phase, shape, name) / 1e6)),
      ]),
    );
  rows.push(["git clone, clones a minute", ...names.map((name) => grouped(rates.median("clone", name) * 60))]);
  return { title: "Page sizes, MB/s through the mount", columns: ["", ...names], rows };
}
