/**
 * Random operations on a mount and on a plain directory of the same file system must be answered alike. The seed is told
 * with every difference. The seeds below are the same in every run, so that a failure is the fault of the change under test;
 * HOLDFAST_SEEDS=n runs n others from HOLDFAST_SEED on (1 unless set) instead.
 */
import { describe, expect, it } from "vitest";
import { commandPath, runProgram } from "../kit/command.ts";
import { compareSides } from "../kit/differential/comparison.ts";
import { foundBefore } from "../kit/differential/found-before.ts";
import { ending, type Operation, scriptOf } from "../kit/differential/script.ts";

const isRoot = process.getuid?.() === 0;
const seedCount = Number(process.env.HOLDFAST_SEEDS ?? 0);
const firstSeed = Number(process.env.HOLDFAST_SEED ?? 1);
const seeds =
  seedCount > 0
    ? Array.from({ length: seedCount }, (_, index) => firstSeed + index)
    : [1, 7, 10, 104, 118, 119, 515, 20_079, 20_116];
const operationCount = 300;
const timeout = 180_000 + seedCount * 5_000;
const user = 4242;
/** Who may be mounted for must have a name. */
const nobody = 65534;

const whatUsersNeed = "fusermount3, a /dev/fuse that everybody may open, and a checkout that everybody may read";

const pages4 = ["--cache-size", "2M", "--page-size", "4K", "--dirty-limit", "512K", "--dirty-background", "64K"];
const pages64 = ["--cache-size", "4M", "--page-size", "64K", "--dirty-limit", "1M", "--dirty-background", "128K"];

const asRoot = (seed: number, phase: number) => scriptOf(seed * 2 + phase, { operationCount, isRoot });
const asUser = (seed: number, phase: number) => scriptOf(seed * 2 + phase, { operationCount, isRoot: false });

describe("a mount answers as a plain directory does", () => {
  it("[G1] [G25] to who mounted it, with pages of 4 KiB", { timeout }, async () => {
    const { operations } = await compareSides({ name: "4k", seeds, mountFlags: pages4, scriptOf: asRoot });
    expect(operations).toBeGreaterThan(seeds.length * operationCount);
  });

  it("[G1] [G25] when attributes are not believed for a moment", { timeout }, async () => {
    const mountFlags = [...pages64, "--attribute-timeout", "0ms", "--read-ahead", "64K"];
    const { operations } = await compareSides({ name: "at-once", seeds, mountFlags, scriptOf: asRoot });
    expect(operations).toBeGreaterThan(seeds.length * operationCount);
  });

  it.skipIf(!isRoot)("[G15] [G25] to another user (needs root to become one)", { timeout }, async () => {
    const mountFlags = [...pages64, "--allow-other"];
    const { operations } = await compareSides({ name: "user", seeds, mountFlags, scriptOf: asUser, uid: user });
    expect(operations).toBeGreaterThan(seeds.length * operationCount);
  });

  it.skipIf(!isRoot)(
    "[G15] [G25] to an ordinary user who mounted it (needs root to become one)",
    { timeout },
    async (test) => {
      if (!(await mayMount())) test.skip(`needs ${whatUsersNeed}`);
      const options = { name: "own", seeds, mountFlags: pages4, scriptOf: asUser, uid: nobody, mountsItself: true };
      const { operations } = await compareSides(options);
      expect(operations).toBeGreaterThan(seeds.length * operationCount);
    },
  );

  it.for([
    ["root", undefined, false],
    ["another user", user, false],
    ["an ordinary user who mounted it", nobody, true],
  ] as const)("to %s, where it once did not", { timeout }, async ([, uid, mountsItself], test) => {
    if (uid !== undefined && !isRoot) test.skip("needs root to become another user");
    if (mountsItself && !(await mayMount())) test.skip(`needs ${whatUsersNeed}`);
    const options = {
      name: "found-before",
      seeds: foundBefore.map((_, index) => index),
      mountFlags: [...pages4, ...(isRoot && !mountsItself ? ["--allow-other"] : [])],
      scriptOf: (seed: number, phase: number) => [...(scriptFoundBefore(seed, phase) ?? []), ...ending],
      mountsItself,
      ...(uid === undefined ? {} : { uid }),
    };
    expect((await compareSides(options)).operations).toBeGreaterThan(foundBefore.length);
  });
});

function scriptFoundBefore(index: number, phase: number): readonly Operation[] | undefined {
  return phase === 0 ? foundBefore[index]?.operations : foundBefore[index]?.later;
}

/** Whether an ordinary user may run the command, and may be mounted for. */
async function mayMount(): Promise<boolean> {
  const options = { uid: nobody, directory: "/" };
  const script = `test -r ${commandPath} -a -r /dev/fuse -a -w /dev/fuse -a -u "$(command -v fusermount3)"`;
  return (await runProgram("sh", ["-c", script], options)).status === 0;
}
