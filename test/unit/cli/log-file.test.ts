import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { logFile } from "../../../src/cli/log-file.ts";

const directory = mkdtempSync(join(tmpdir(), "holdfast-log-"));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it("turns the file over when it is full, so that the two together stay bounded", () => {
  const path = join(directory, "log");
  const sink = logFile(path);
  const line = `${"x".repeat(1023)}\n`;
  for (let at = 0; at < 10_000; at++) sink(line);
  sink("last\n");
  expect(statSync(path).size + statSync(`${path}.1`).size).toBeLessThanOrEqual(8 * 1024 * 1024);
  expect(readFileSync(path, "utf8").endsWith("last\n")).toBe(true);
});
