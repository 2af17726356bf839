/**
 * Random operations on single files through a mount, each byte compared with a model, before and after a remount. The seeds are
 * the same in every run; HOLDFAST_SEEDS=n runs n from HOLDFAST_SEED on (1 unless set) instead.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MountedStore, runOwn } from "../kit/mounted-store.ts";

const seedCount = Number(process.env.HOLDFAST_SEEDS ?? 0);
const firstSeed = Number(process.env.HOLDFAST_SEED ?? 1);
const seeds = seedCount > 0 ? Array.from({ length: seedCount }, (_, index) => firstSeed + index) : [1, 2, 2026];
const operationCount = 400;
const phases = 2;
/** Files that are worked on at the same time. */
const together = 3;

describe("one file under random operations has each byte that was last written", () => {
  it.each([
    ["4 KiB", ["--page-size", "4K", "--cache-size", "1M", "--dirty-limit", "256K", "--dirty-background", "64K"]],
    ["64 KiB", ["--page-size", "64K", "--cache-size", "2M", "--dirty-limit", "512K", "--dirty-background", "128K"]],
  ] as const)("[G1] [G7] with pages of %s", { timeout: 60_000 + seedCount * 20_000 }, async (_, flags) => {
    await using mounted = await MountedStore.start("single-file", flags);
    const model = (seed: number): string => join(mounted.scratch, `model-${seed}`);
    for (let phase = 0; phase < phases; phase += 1) {
      if (phase > 0) await mounted.mountAgain(flags);
      const waiting = [...seeds];
      const next = async (): Promise<void> => {
        for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
          const numbers = [String(seed * phases + phase), String(operationCount)];
          await runOwn("single-file", [mounted.at(`file-${seed}`), model(seed), ...numbers]);
        }
      };
      await Promise.all(Array.from({ length: together }, next));
      await mounted.unmount();
      for (const seed of seeds) {
        const stored = await readFile(mounted.inStore(`file-${seed}`));
        expect(stored.equals(await readFile(model(seed))), `seed ${seed}, what is left`).toBe(true);
      }
    }
  });
});
