/** What became of refused bytes, as a mount looks it up in its rescue, which may fail or hang. */
import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { isDisposedOf, refusedEntries } from "../../../src/cli/mount/refused-entries.ts";
import type { WritebackFailed } from "../../../src/files/index.ts";
import type { EntryFate } from "../../../src/rescue/index.ts";

const long = 60_000;

/** A volume with these refusals, each an outcome and its entry. */
function volumeWith(...refusals: readonly (readonly [WritebackFailed["outcome"], string | undefined])[]) {
  const list = refusals.map(([outcome, rescueId]) => ({ outcome, rescueId }) as WritebackFailed);
  return { refusals: () => list };
}

it("[S5.3] an entry that was restored or is gone is disposed of; a copy, and bytes in memory, are not", async () => {
  const fates: Readonly<Record<string, EntryFate>> = { a: "kept", b: "restored", c: "gone", d: "partlyRestored" };
  const asked: string[] = [];
  const fateOf = async (id: string): Promise<EntryFate> => {
    asked.push(id);
    return fates[id] ?? "gone";
  };
  const volume = volumeWith(
    ["excised", "a"],
    ["invalidated", "b"],
    ["salvaged", "c"],
    ["excised", "d"],
    ["copied", "/file (conflict)"],
    ["unrescued", undefined],
  );
  const entries = await refusedEntries(volume, { fateOf }, long);
  expect(entries.map(({ fate }) => fate)).toEqual(["kept", "restored", "gone", "partlyRestored", undefined, undefined]);
  expect(entries.map(isDisposedOf)).toEqual([false, true, true, false, false, false]);
  expect(asked).toEqual(["a", "b", "c", "d"]);
});

it("[S5.10] a rescue that fails or hangs disposes of nothing, and holds nobody", async () => {
  const volume = volumeWith(...Array.from({ length: 100 }, (_, at) => ["excised", `${at}`] as const));
  const failing = { fateOf: () => Promise.reject(new Failure("EIO", { syscall: "rescue look" })) };
  expect((await refusedEntries(volume, failing, long)).some(isDisposedOf)).toBe(false);
  let asked = 0;
  const hanging = {
    fateOf: () => {
      asked += 1;
      return new Promise<EntryFate>(() => {});
    },
  };
  expect((await refusedEntries(volume, hanging, 1)).some(isDisposedOf)).toBe(false);
  expect(asked).toBeLessThan(100);
});
