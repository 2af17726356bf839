/** The parts of the runner that need no run: its arguments, the shrinker, and what counts as a gap. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { plants } from "../../../tools/simulate/plants.js";
import { parseCommandLine, UsageError } from "./command-line.ts";
import type { ReportedFailure } from "./failure-report.ts";
import { shrink, signatureOf } from "./shrink.ts";
import { coverageOf, lawfulTransitions } from "./state-coverage.ts";
import { textOfCampaign, textOfFailure } from "./summary.ts";
import { interleavingsMax, noTotals } from "./totals.ts";

describe("the arguments", () => {
  test("have defaults", () => {
    expect(parseCommandLine([])).toMatchObject({ kind: "campaign", from: 1, seeds: 1000, operations: 200 });
    expect(parseCommandLine([])).toMatchObject({ failures: "dist/simulation/failures" });
    expect(parseCommandLine(["--minutes", "0.5"])).toMatchObject({ seeds: undefined, minutes: 0.5 });
    expect(parseCommandLine(["--seed", "7", "--json"])).toMatchObject({
      kind: "replay",
      source: { seed: 7 },
      isJson: true,
    });
  });

  test.each([
    [["--seeds", "many"], '--seeds takes a whole number from 1 to 4294967295, not "many"'],
    [["--seeds", "0"], "--seeds takes"],
    [["--minutes", "-1"], "--minutes"],
    [["--minutes=0"], "--minutes takes a number above 0"],
    [["--sed", "1"], "Unknown option '--sed'; see npm run simulate -- --help"],
    [["5"], "Unexpected argument '5'"],
    [["--seed", "1", "--seeds", "2"], "--seeds is for many seeds"],
    [["--seed", "1", "--replay", "x"], "give either --seed or --replay"],
  ])("%j are refused in one line", (argv, message) => {
    const parsing = (): unknown => parseCommandLine(argv);
    expect(parsing).toThrow(UsageError);
    expect(parsing).toThrow(message);
    expect(parsing).not.toThrow(/\n/);
  });
});

describe("the summary", () => {
  const failed = (operationsBefore: number): ReportedFailure => {
    const nothing = { virtualMs: 0, traceHash: "", trace: [], choiceCount: 0, interleaving: "" };
    const none = { faults: {}, events: {}, outcomes: {}, transitions: {} };
    const report = { seed: 7, failure: undefined, operationCount: 0, ...none, ...nothing };
    return { seed: 7, schedule: 0, message: "m", script: [], operationsBefore, isMinimal: true, path: "p", report };
  };
  const told = (count: number): string => textOfFailure(failed(count), "simulate");

  test("says how to play a failing seed again, with as many operations", () => {
    expect(told(200)).toContain("play it again: simulate --seed 7\n");
    expect(told(900)).toContain("play it again: simulate --seed 7 --operations 900\n");
  });

  test("says that there are more interleavings than it remembers", () => {
    const told = (count: number): string => {
      const interleavings = new Set(Array.from({ length: count }, (_, at) => `${at}`));
      const totals = { ...noTotals(), interleavings };
      return textOfCampaign({ totals, failed: undefined, elapsedMs: 1, processorMs: 1, workerCount: 1 });
    };
    expect(told(3)).toContain("\n3 distinct interleavings");
    expect(told(interleavingsMax)).toContain("\n1,000,000 distinct interleavings");
    expect(told(interleavingsMax + 1)).toContain("\nmore than 1,000,000 distinct interleavings");
  });
});

describe("the shrinker", () => {
  const script = Array.from({ length: 200 }, (_, at) => at);

  test("leaves what the failure needs, and nothing else", async () => {
    const needed = [3, 77, 78, 190];
    const fails = async (candidate: readonly number[]): Promise<boolean> =>
      needed.every((entry) => candidate.includes(entry));
    const { script: smallest, isMinimal, tryCount } = await shrink(script, fails, 10_000);
    expect(smallest).toEqual(needed);
    expect(isMinimal).toBe(true);
    expect(tryCount).toBeLessThan(200);
  });

  test("stops when the tries are used up", async () => {
    const { script: smallest, isMinimal } = await shrink(script, async () => false, 5);
    expect(smallest).toEqual(script);
    expect(isMinimal).toBe(false);
  });

  test("takes failures that differ only in numbers for the same", () => {
    expect(signatureOf("byte 17 is 0xff at the store\nmore")).toBe(signatureOf("byte 9 is 0x1 at the store"));
    expect(signatureOf("byte 17 is lost")).not.toBe(signatureOf("byte 17 is old"));
  });
});

describe("the coverage of transitions", () => {
  test("names what was never taken", () => {
    const [first = "", ...rest] = lawfulTransitions();
    const { taken, gaps } = coverageOf({ [first]: 3 });
    expect(taken).toEqual([[first, 3]]);
    expect(gaps).toEqual(rest);
  });
});

describe("the mistakes to plant", () => {
  test.each(plants)("$name fits the sources", ({ path, find, replace }) => {
    const text = readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
    expect(text.split(find)).toHaveLength(2);
    expect(replace).not.toBe(find);
  });
});
