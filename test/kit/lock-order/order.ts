/**
 * The order of docs/locking.md as data: what somebody who holds a thing may wait for. A test compares it with the table
 * there, edge by edge; whatever is reached over several edges is allowed as well.
 */
import type { LockMode } from "../../../src/cache/lock/lock-witness.ts";

/** "A: [B]" says that a holder of A may wait for B. */
export const lockEdges: Readonly<Record<string, readonly string[]>> = {
  inode: ["invalidate (alone)", "invalidate (shared)", "write-back", "page lock", "flight", "frame", "dirty memory"],
  "invalidate (alone)": ["write-back"],
  "invalidate (shared)": ["page lock", "frame"],
  "write-back": ["page lock", "flight", "late change"],
  "page lock": [],
  flight: [],
};

const names: Readonly<Record<string, string>> = { writeback: "write-back", page: "page lock" };

/** What the document calls a thing that is held or waited for. */
export function documentedName(kind: string, mode: LockMode): string {
  return kind === "invalidate" ? `invalidate (${mode})` : (names[kind] ?? kind);
}

const reached: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.keys(lockEdges).map((from) => [from, reachedFrom(from)]),
);

function reachedFrom(from: string): Set<string> {
  const found = new Set<string>();
  const queue = [from];
  for (const at of queue) {
    for (const next of lockEdges[at] ?? []) {
      if (!found.has(next)) queue.push(next);
      found.add(next);
    }
  }
  return found;
}

/** Everything that a holder may wait for; undefined for a thing that the document does not name. */
export function waitsAllowedFor(held: string): ReadonlySet<string> | undefined {
  return reached[held];
}
