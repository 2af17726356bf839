/**
 * Makes a failing script smaller by leaving entries out, as long as it fails in the same way (delta debugging, Zeller and
 * Hildebrandt 2002): pieces first halves, then ever smaller, at last single entries, until no single one can be left out.
 */

export interface Shrunk<Entry> {
  readonly script: readonly Entry[];
  readonly tryCount: number;
  /** Whether no single entry more can be left out; otherwise the tries were used up first. */
  readonly isMinimal: boolean;
}

export async function shrink<Entry>(
  script: readonly Entry[],
  stillFails: (candidate: readonly Entry[]) => Promise<boolean>,
  triesMax: number,
): Promise<Shrunk<Entry>> {
  let smallest = script;
  let tryCount = 0;
  let pieceLength = Math.ceil(script.length / 2);
  while (pieceLength >= 1) {
    let hasShrunk = false;
    // From the end: what comes after the failure goes first.
    for (let end = smallest.length; end > 0; end -= pieceLength) {
      if (tryCount === triesMax) return { script: smallest, tryCount, isMinimal: false };
      const candidate = [...smallest.slice(0, Math.max(0, end - pieceLength)), ...smallest.slice(end)];
      tryCount += 1;
      if (!(await stillFails(candidate))) continue;
      smallest = candidate;
      hasShrunk = true;
    }
    if (hasShrunk && pieceLength === 1) continue;
    pieceLength = pieceLength === 1 ? 0 : Math.ceil(pieceLength / 2);
  }
  return { script: smallest, tryCount, isMinimal: true };
}

/** What two failures have in common when only numbers differ. */
export function signatureOf(message: string): string {
  return (message.split("\n", 1)[0] ?? "").replace(/0x[0-9a-f]+|\d+/g, "#");
}
