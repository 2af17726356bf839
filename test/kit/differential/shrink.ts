/** Cuts a list down while something goes on failing: first large pieces are left out, then smaller ones, then single items. */

/** @param fails whether a shorter list still fails; asked until `msMax` has passed */
export async function shrink<Item>(
  items: readonly Item[],
  fails: (fewer: readonly Item[]) => Promise<boolean>,
  msMax: number,
): Promise<readonly Item[]> {
  const deadline = performance.now() + msMax;
  let left = items;
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let end = left.length; end > 0; end -= size) {
      if (performance.now() > deadline) return left;
      const start = Math.max(0, end - size);
      const fewer = [...left.slice(0, start), ...left.slice(end)];
      if (await fails(fewer)) left = fewer;
    }
  }
  return left;
}
