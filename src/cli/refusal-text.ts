/** Refused bytes as lines for people. */
import type { RefusalStatus, RefusalsStatus } from "./control/protocol.ts";
import { printable } from "./printable.ts";
import { formatSize } from "./quantities.ts";

const shownRangesMax = 4;

/** One refusal: which bytes of which file, whose, why, and where they are. */
function refusalLine(refusal: RefusalStatus): string {
  const { path, uid, byteCount, code, class: refusalClass } = refusal;
  const what = `${formatSize(byteCount)} ${rangesText(refusal)} of user ${uid}`;
  return `${printable(path)}: ${what} refused with ${code} (${refusalClass}); ${whereabouts(refusal)}`;
}

/** Where the bytes are now. */
function whereabouts({ outcome, rescueId, copyIsMixed, rescueFailure, fate }: RefusalStatus): string {
  switch (outcome) {
    case "excised":
    case "salvaged":
    case "invalidated":
      return ofEntry(rescueId, fate);
    case "copied":
      return `written to ${printable(rescueId ?? "a copy")}${copyIsMixed ? ", a copy of what the store has now" : ""}`;
    case "unrescued":
      return `in memory only, for rescue failed: ${rescueFailure}`;
    case "keptDirty":
      return "sent again";
    case "uncertain":
      return "taken, but not known to be durable";
  }
}

function ofEntry(id: string | null, fate: RefusalStatus["fate"]): string {
  switch (fate) {
    case "restored":
      return `restored since; ${id} in rescue is a copy`;
    case "partlyRestored":
      return `kept in rescue as ${id}, partly restored`;
    case "gone":
      return `restored or discarded since; rescue had it as ${id}`;
    case "kept":
    case null:
      return `kept in rescue as ${id}`;
  }
}

function rangesText({ ranges, rangeCount }: RefusalStatus): string {
  const shown = ranges.slice(0, shownRangesMax).map(({ start, end }) => `[${start}, ${end})`);
  return rangeCount > shown.length
    ? `${shown.join(" ")} and ${rangeCount - shown.length} ranges more`
    : shown.join(" ");
}

/** The refusals, the newest last, and what can be done about them; nothing when there are none. */
export function refusalLines(status: RefusalsStatus, shownMax: number): string[] {
  const { refusals, refusalCount, standingCount, rescueDirectory } = status;
  if (refusalCount === 0) return [];
  const shown = refusals.slice(-shownMax);
  const earlier = refusalCount - shown.length;
  const hasEntries = standingCount > 0 || refusals.some(({ fate }) => fate === "restored");
  return [
    ...(earlier > 0 ? [`and ${earlier} before these`] : []),
    ...shown.map(refusalLine),
    ...(hasEntries ? [`see holdfast rescue list --rescue ${rescueDirectory}`] : []),
  ];
}
