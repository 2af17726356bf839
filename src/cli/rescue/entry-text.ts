/** Rescue entries as lines for people. */
import {
  byteCountOf,
  type RangeComparison,
  type RescueComparison,
  type RescueEntry,
  type WholeEntry,
} from "../../rescue/index.ts";
import { printable } from "../printable.ts";
import { formatSize } from "../quantities.ts";

const shownRangesMax = 20;

/** A table: a head, then an entry a line. */
export function tableLines(entries: readonly RescueEntry[]): string[] {
  const rows = [["ID", "REFUSED", "WHY", "USER", "SIZE", "STATE", "PATH"], ...entries.map(rowOf)];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function rowOf(entry: RescueEntry): string[] {
  if (entry.state === "damaged") return [entry.id, "", "", "", "", "damaged", entry.why];
  if (entry.state === "newer") return [entry.id, "", "", "", "", "newer", "written by a newer version; use that one"];
  const { manifest, restored } = entry;
  return [
    entry.id,
    secondsOf(manifest.refusedAt),
    manifest.refusal.code,
    String(manifest.credential.uid),
    formatSize(byteCountOf(manifest)),
    stateOf(restored),
    printable(manifest.path),
  ];
}

/** A mark without bytes tells of the entry before this one, or of a try that only stamped the file. */
function stateOf(restored: WholeEntry["restored"]): "kept" | "restored" | "partly restored" {
  if (restored?.complete === true) return "restored";
  return restored === undefined || restored.byteCount === 0 ? "kept" : "partly restored";
}

/** A time of a manifest, for people: `2026-11-21T12:34:56Z`. */
function secondsOf(time: string): string {
  return time.replace(/\.\d+Z$/, "Z");
}

/** Everything that is known of a whole entry. */
export function entryLines(entry: WholeEntry): string[] {
  const { manifest, restored } = entry;
  const { credential, refusal, ranges } = manifest;
  const groups = credential.groups.length === 0 ? "" : `, groups ${credential.groups.join(", ")}`;
  const state = stateOf(restored);
  const { length } = ranges;
  const pairs: [string, string][] = [
    ["file", printable(manifest.path)],
    ["store", manifest.store === null ? "not known" : printable(manifest.store)],
    ["node", printable(manifest.node)],
    ["refused", `${manifest.refusedAt}, ${refusal.class}`],
    ["because", printable(refusal.message)],
    ["written by", `user ${credential.uid}, group ${credential.gid}${groups}`],
    ["based on", `version ${printable(manifest.baseVersion)}`],
    ["found", manifest.foundVersion === null ? "not known" : `version ${printable(manifest.foundVersion)}`],
    ["file size", `${manifest.fileSize} bytes, as programs saw it`],
    ["bytes", `${byteCountOf(manifest)} in ${length} ${length === 1 ? "range" : "ranges"}, as they were kept`],
  ];
  if (restored !== undefined && state !== "kept") {
    pairs.push([state, `${restored.restoredAt}, ${restored.byteCount} bytes, to ${printable(restored.path)}`]);
  }
  const named = pairs.map(([name, value]) => `  ${`${name}:`.padEnd(16)} ${value}`);
  return [`entry ${entry.id}`, ...named, ...rangeLines(ranges, ({ sha256 }) => `sha256 ${sha256}`)];
}

/** How an entry compares with the store. */
export function comparisonLines({ file, ranges, id }: RescueComparison): string[] {
  if (file === undefined) return [`entry ${id}: the file is gone from the store`, ...rangeLines(ranges, describe)];
  const which = file.isOriginal ? "the file" : "another file that has the path now";
  const since = file.isAtBase ? "unchanged since the bytes were written" : "changed since the bytes were written";
  const head = `entry ${id} and ${printable(file.path)}: ${which}, ${file.size} bytes, ${since}`;
  return [head, ...rangeLines(ranges, describe)];
}

function describe({ verdict, differingBytes, firstDifference }: RangeComparison): string {
  switch (verdict) {
    case "same":
      return "same";
    case "missing":
      return "missing: there is no file";
    case "beyondEnd":
      return "missing: beyond the end of the file";
    case "different":
      return `different: ${differingBytes} bytes, the first at ${firstDifference}`;
  }
}

function rangeLines<Range extends { readonly offset: number; readonly byteCount: number }>(
  ranges: readonly Range[],
  tell: (range: Range) => string,
): string[] {
  const lines = ranges.slice(0, shownRangesMax).map((range) => {
    return `  ${`[${range.offset}, ${range.offset + range.byteCount})`.padEnd(24)} ${tell(range)}`;
  });
  const more = ranges.length - shownRangesMax;
  return more > 0 ? [...lines, `  and ${more} ranges more; --json has them all`] : lines;
}
