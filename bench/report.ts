/**
 * What a part of the benchmarks found: tables for people, and for each target that it is about whether it was reached.
 * Parts run in processes of their own and hand their report to the one that started them.
 */

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What a reader must know to judge the figures. */
  readonly notes?: readonly string[];
}

/** Something that the project promised to reach. */
export interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  readonly reached: boolean;
}

export interface Report {
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
}

/** A table in the form that Markdown and people both read. */
export function printTable(table: Table): void {
  const widths = table.columns.map((column, at) =>
    Math.max(column.length, ...table.rows.map((row) => (row[at] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(" | ")} |`;
  console.log(`\n### ${table.title}\n`);
  console.log(line(table.columns));
  console.log(
    `|${widths.map((width, at) => (at === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`,
  );
  for (const row of table.rows) console.log(line(row));
  if (table.notes !== undefined && table.notes.length > 0) console.log(`\n${table.notes.join("\n")}`);
}

/** Tells whoever waits how far it is, apart from the results. */
export function progress(what: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${what}\n`);
}

export function printTargets(targets: readonly Target[]): void {
  if (targets.length === 0) return;
  printTable({
    title: "Targets",
    columns: ["target", "wanted", "measured", "verdict"],
    rows: targets.map(({ what, wanted, measured, reached }) => [
      what,
      wanted,
      measured,
      reached ? "reached" : "NOT REACHED",
    ]),
  });
}

export const percent = (ratio: number): string => `${(ratio * 100).toFixed(0)} %`;
export const nanoseconds = (ns: number): string => (ns < 10_000 ? ns.toFixed(0) : `${(ns / 1000).toFixed(1)}k`);
/** Thousands grouped, so that large counts can be read. */
export const grouped = (count: number): string => Math.round(count).toLocaleString("en-US");
/** Bytes each `ns` nanoseconds, as MB/s. */
export const megabytesPerSecond = (bytes: number, ns: number): string => grouped((bytes * 1000) / ns);
