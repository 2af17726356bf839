/** A process that keeps, discards or marks rescue entries is killed at every instant: entries are whole, or not there. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { SeededRandom } from "../../src/base/index.ts";
import { openRescue, type RescueEntry } from "../../src/rescue/index.ts";
import { ownProgram } from "../kit/mounted-store.ts";
import { scratchDirectory } from "../kit/scratch.ts";

const killedMsMax = 60_000;
const seedCount = Number(process.env.HOLDFAST_SEEDS ?? 12);
const stepMax = 250;

let directory = "";

beforeEach(async () => {
  directory = join(await scratchDirectory("rescue"), "entries");
  await mkdir(directory, { mode: 0o700 });
});

interface Run {
  readonly wasKilled: boolean;
  /** Ids of entries that were acknowledged. */
  readonly kept: readonly string[];
  readonly steps: readonly string[];
}

async function run(act: string, step = 0, seed = 1): Promise<Run> {
  const child = spawn(process.execPath, [ownProgram("rescue-steps"), directory, act, String(step), String(seed)], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: killedMsMax,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  if (status !== 0 && signal !== "SIGKILL") throw new Error(`the program ended with ${status ?? signal}`);
  const [kept = "", steps = ""] = output.split("steps:");
  const lines = (text: string): string[] => text.split("\n").filter(Boolean);
  return { wasKilled: signal === "SIGKILL", kept: lines(kept), steps: lines(steps) };
}

/** What a person finds, before anything is swept; every entry that is listed must be whole, bytes and all. */
async function find(): Promise<readonly RescueEntry[]> {
  await using rescue = await openRescue(directory, { readOnly: true });
  const shown: RescueEntry[] = [];
  for (const { id } of await rescue.list()) shown.push(await rescue.show(id));
  for (const entry of shown) expect(entry).toMatchObject({ state: "whole" });
  return shown;
}

/** Opening sweeps: afterwards the directory has entries and nothing else. */
async function expectSwept(entries: readonly RescueEntry[]): Promise<void> {
  await using _rescue = await openRescue(directory);
  expect((await readdir(directory)).sort()).toEqual(entries.map(({ id }) => id));
}

/** What a whole run does must come in this order. */
function expectOrder(steps: readonly string[], ...patterns: readonly RegExp[]): void {
  let from = 0;
  for (const pattern of patterns) {
    const at = steps.findIndex((step, index) => index >= from && pattern.test(step));
    expect(at, `${pattern} after ${steps[from - 1]} in\n${steps.join("\n")}`).toBeGreaterThanOrEqual(from);
    from = at + 1;
  }
}

const id = "[0-9a-z]{13}";

it("[S5.2] an entry is synced, file by file, before it has its name, and its name before it is acknowledged", async () => {
  const { steps, kept } = await run("keep");
  expect(kept).toHaveLength(1);
  const published = new RegExp(`^rename .new-${id}$`);
  expectOrder(steps, /^frame 2$/, /^writeFile manifest/, /^sync manifest/, published, /^sync entries$/);
  expectOrder(steps, /^frame 2$/, /^sync bytes$/, published);
  expectOrder(steps, /^sync bytes$/, new RegExp(`^sync .new-${id}$`), published);
});

it("[S5.2] killed before any call of keeping: the entry is whole or not listed, and left-overs are swept", async () => {
  const { steps } = await run("keep");
  expect(steps.length).toBeGreaterThan(10);
  const publishing = steps.findIndex((name) => name.startsWith("rename")) + 1;
  let entryCount = 1;
  for (let step = 1; step <= steps.length; step++) {
    expect((await run("keep", step)).wasKilled, steps[step - 1]).toBe(true);
    if (step > publishing) entryCount++;
    const entries = await find();
    expect(entries.length, steps[step - 1]).toBe(entryCount);
    await expectSwept(entries);
  }
  expect(entryCount).toBeGreaterThan(1);
});

it("[S5.2] killed before any call of discarding: the entry is whole or gone, and left-overs are swept", async () => {
  await run("keep");
  const { steps } = await run("discard");
  expect(steps.length).toBeGreaterThan(4);
  const published = new RegExp(`^rename ${id}$`);
  expectOrder(steps, published, /^sync entries$/, new RegExp(`^rm .gone-${id}$`));
  for (let step = 1; step <= steps.length; step++) {
    await run("keep");
    expect((await run("discard", step)).wasKilled).toBe(true);
    const entries = await find();
    expect(entries.length).toBe(step <= steps.findIndex((name) => published.test(name)) + 1 ? 1 : 0);
    await expectSwept(entries);
    await run("discard");
  }
});

it("[S5.3] killed before any call of restoring: the entry stays whole, marked or not", async () => {
  await run("keep");
  const { steps } = await run("restore");
  expect((await find())[0]).toMatchObject({ restored: { complete: true, byteCount: 3_300_000 } });
  expectOrder(steps, /^sync restored.json.new$/, /^rename restored.json.new$/, new RegExp(`^sync ${id}$`));
  for (let step = 1; step <= steps.length; step++) {
    expect((await run("restore", step)).wasKilled).toBe(true);
    expect(await find()).toHaveLength(1);
  }
});

it(`[S5.2] killed at ${seedCount} seeded instants while two processes keep many entries at once: nothing acknowledged is lost`, async () => {
  const acknowledged: string[] = [];
  for (let seed = 1; seed <= seedCount; seed++) {
    const random = new SeededRandom(seed);
    const runs = [0, 1].map((side) => run("storm", 1 + random.below(stepMax), seed * 2 + side));
    for (const { wasKilled, kept } of await Promise.all(runs)) {
      expect(wasKilled, `seed ${seed}`).toBe(true);
      acknowledged.push(...kept);
    }
    const listed = (await find()).map((entry) => entry.id);
    expect(
      acknowledged.filter((one) => !listed.includes(one)),
      `seed ${seed}`,
    ).toEqual([]);
  }
  expect(acknowledged.length).toBeGreaterThan(seedCount);
  await expectSwept(await find());
});
