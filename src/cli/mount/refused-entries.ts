/** What became of what a mount's store refused: each refusal with the fate of its rescue entry, which a person may have disposed of. */
import { endedWithin, type Milliseconds, systemClock } from "../../base/index.ts";
import type { Volume, WritebackFailed } from "../../files/index.ts";
import type { EntryFate, Rescue } from "../../rescue/index.ts";

const looksAtOnceMax = 32;

export interface RefusedEntry {
  readonly refusal: WritebackFailed;
  /** Undefined where the bytes are in no entry, or nobody could look. */
  readonly fate: EntryFate | undefined;
}

/** The refusals that the volume still knows, the oldest first. The disk of the rescue may hang: it is waited for so long at most. */
export async function refusedEntries(
  volume: Pick<Volume, "refusals">,
  rescue: Pick<Rescue, "fateOf">,
  lookMsMax: Milliseconds,
): Promise<readonly RefusedEntry[]> {
  const refusals = volume.refusals();
  const fates = new Map<WritebackFailed, EntryFate>();
  let isLate = false;
  const look = async (refusal: WritebackFailed): Promise<void> => {
    const id = entryOf(refusal);
    if (id === undefined || isLate) return;
    // What cannot be looked at may still be there.
    const fate = await rescue.fateOf(id).catch(() => undefined);
    if (fate !== undefined) fates.set(refusal, fate);
  };
  const lookAtAll = async (): Promise<void> => {
    for (let at = 0; at < refusals.length && !isLate; at += looksAtOnceMax) {
      await Promise.all(refusals.slice(at, at + looksAtOnceMax).map(look));
    }
  };
  isLate = !(await endedWithin(systemClock, lookMsMax, lookAtAll()));
  return refusals.map((refusal) => ({ refusal, fate: fates.get(refusal) }));
}

/** The rescue entry that has the bytes; undefined where they are in memory, or in a copy beside their file. */
function entryOf({ outcome, rescueId }: WritebackFailed): string | undefined {
  return outcome === "excised" || outcome === "invalidated" || outcome === "salvaged" ? rescueId : undefined;
}

/** Whether a person has disposed of the bytes, or a medium has got them. */
export function isDisposedOf({ fate }: RefusedEntry): boolean {
  return fate === "restored" || fate === "gone";
}
