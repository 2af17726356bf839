import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { logFile } from "../../../src/cli/log-file.ts";

const directory = mkdtempSync(join(tmpdir(), "holdfast-log-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it("turns the file over when it is full, so that the two together stay bounded", () => {
  const path = join(directory, "log");
  const sink = logFile(path, "text");
  const line = `${"x".repeat(1023)}\n`;
  for (let at = 0; at < 10_000; at++) sink(line);
  sink("last\n");
  expect(statSync(path).size + statSync(`${path}.1`).size).toBeLessThanOrEqual(8 * 1024 * 1024);
  expect(readFileSync(path, "utf8").endsWith("last\n")).toBe(true);
});

it("loses lines that cannot be written, complains once, and harms nobody", () => {
  const complaints: string[] = [];
  const sink = logFile("/dev/full", "text", (line) => complaints.push(line));
  for (let at = 0; at < 3; at++) sink("nobody will read this\n");
  expect(complaints).toHaveLength(1);
  expect(complaints[0]).toMatch(/^holdfast: the log file \/dev\/full cannot be written: .*ENOSPC.*\n$/);
});

it("says how many lines were lost as soon as it can be written again", () => {
  const path = join(directory, "blocked");
  const complaints: string[] = [];
  const sink = logFile(path, "json", (line) => complaints.push(line));
  mkdirSync(`${path}.1`);
  const line = `${"x".repeat(1024 * 1024 - 1)}\n`;
  for (let at = 0; at < 7; at++) sink(line);
  expect(statSync(path).size).toBe(4 * 1024 * 1024);
  expect(complaints).toHaveLength(1);
  rmdirSync(`${path}.1`);
  sink("last\n");
  const [lost = "", last] = readFileSync(path, "utf8").split("\n");
  expect(JSON.parse(lost)).toMatchObject({ level: "warn", message: "lines of this log were lost", lines: 3 });
  expect(last).toBe("last");
});
