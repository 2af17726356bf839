/**
 * The command as a user runs it: the same seeds each time, and some that nobody has tried, on all cores; and the promise
 * that a seed replays to the byte, in another process and in this one.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { generateScript } from "../simulated-run.ts";
import { playScript } from "./play-seed.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const runMsMax = 280_000;

function simulate(...parameters: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const options = { cwd: root, timeout: runMsMax, maxBuffer: 64 << 20 };
    execFile(process.execPath, ["tools/simulate.js", ...parameters], options, (error, stdout, stderr) => {
      const status = error === null ? 0 : error.code;
      if (typeof status === "number") resolve({ status, stdout, stderr });
      else reject(error);
    });
  });
}

async function play(from: number, seeds: number): Promise<void> {
  const { status, stdout, stderr } = await simulate("--from", `${from}`, "--seeds", `${seeds}`);
  expect(status, `${stdout}\n${stderr}`).toBe(0);
  expect(stdout).toContain(`${seeds} seeds, `);
}

describe("[S5.1] many seeds", () => {
  test("that are always the same", () => play(1, 300));

  test("that nobody has tried", async () => {
    const from = (Date.now() ^ (process.pid << 8)) >>> 1;
    console.log(`npm run simulate -- --from ${from} --seeds 10`);
    await play(from, 10);
  });
});

describe("a seed", () => {
  test("replays to the byte", async () => {
    const [first, second] = [await simulate("--seed", "7", "--json"), await simulate("--seed", "7", "--json")];
    expect(second).toEqual(first);
    const told = JSON.parse(first.stdout).report;
    const here = await playScript(7, generateScript(7), {});
    expect([here.traceHash, here.interleaving]).toEqual([told.traceHash, told.interleaving]);
  });
});

describe("a mistake that is planted", () => {
  test("is found", async () => {
    const { status, stdout, stderr } = await simulate("--plant", "lost-redirty", "--seeds", "100");
    expect(status, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toMatch(/^found by seed \d+ {2}lost-redirty: /);
  });
});

describe("bad arguments", () => {
  test("are one line and exit status 2", async () => {
    const { status, stdout, stderr } = await simulate("--seed", "seven");
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toBe('simulate: --seed takes a whole number from 0 to 4294967295, not "seven"\n');
  });
});
