/** Waiting for something that no event tells of: asked again and again, and given up after a bound. */
const askedEveryMs = 10;

/** Resolves when `isTrue` answers true; rejects, naming what was waited for, when that takes longer than `msMax`. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  msMax: number = 20_000,
): Promise<void> {
  const deadline = performance.now() + msMax;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`waited ${msMax} ms in vain: ${what}`);
    await new Promise<void>((resolve) => setTimeout(resolve, askedEveryMs));
  }
}
