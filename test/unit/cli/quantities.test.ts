import { expect, it } from "vitest";
import { formatDuration, formatSize, parseDuration, parseSize } from "../../../src/cli/quantities.ts";

it("reads sizes as people type them", () => {
  const cases: readonly [string, number][] = [
    ["4096", 4096],
    ["64K", 65_536],
    ["64k", 65_536],
    ["256M", 268_435_456],
    ["1G", 1_073_741_824],
    ["2GiB", 2_147_483_648],
    ["1KB", 1024],
  ];
  for (const [text, bytes] of cases) expect(parseSize(text, "--cache-size")).toBe(bytes);
});

it("refuses what is no size, and names the option", () => {
  for (const text of ["", "much", "-1", "1.5G", "1X", "99999999T"]) {
    expect(() => parseSize(text, "--cache-size")).toThrow(/^--cache-size wants a size/);
  }
});

it("reads times, with seconds as the plain unit", () => {
  const cases: readonly [string, number][] = [
    ["0", 0],
    ["1", 1000],
    ["500ms", 500],
    ["1.5s", 1500],
    ["5min", 300_000],
    ["2h", 7_200_000],
  ];
  for (const [text, ms] of cases) expect(parseDuration(text, "--store-timeout")).toBe(ms);
  for (const text of ["", "soon", "-1s", "5 days"]) {
    expect(() => parseDuration(text, "--store-timeout")).toThrow(/^--store-timeout wants a time/);
  }
  expect(() => parseDuration("600h", "--store-timeout")).toThrow(/^--store-timeout can be at most 24 days/);
});

it("writes sizes and times for people", () => {
  expect(formatSize(0)).toBe("0 B");
  expect(formatSize(65_536)).toBe("64 KiB");
  expect(formatSize(1_572_864)).toBe("1.5 MiB");
  expect(formatDuration(12_000)).toBe("12 s");
  expect(formatDuration(125_000)).toBe("2 min 5 s");
  expect(formatDuration(7_500_000)).toBe("2 h 5 min");
});
