import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { UsageError } from "../../../src/cli/command-error.ts";
import { verbHelp } from "../../../src/cli/help.ts";
import { mountVerb } from "../../../src/cli/mount/mount-verb.ts";
import { type MountSettings, readMountSettings } from "../../../src/cli/mount/settings.ts";
import { parseVerb } from "../../../src/cli/parse-verb.ts";

function settingsOf(...argv: string[]): MountSettings {
  return readMountSettings(parseVerb(mountVerb, argv));
}

function errorOf(work: () => unknown): Error | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    return thrown as Error;
  }
}

it("has defaults that fit together", () => {
  const settings = settingsOf("dir:/srv/data", "/mnt/data");
  expect(settings).toMatchObject({
    pageSize: 65_536,
    budgetBytes: 268_435_456,
    attributeTimeoutMs: 1000,
    storeTimeoutMs: 30_000,
    allowOther: false,
    daemon: false,
  });
  expect(settings.dirtyBackgroundBytes).toBeLessThan(settings.dirtyLimitBytes);
  expect(settings.dirtyLimitBytes).toBeLessThan(settings.budgetBytes);
});

it("knows the URL as it was typed and with a whole path", () => {
  expect(settingsOf("dir:data", "m")).toMatchObject({ urlText: "dir:data", url: `dir:${process.cwd()}/data` });
});

it("lets a medium be volatile, and no other store", () => {
  expect(settingsOf("medium:/media/usb", "m")).toMatchObject({ volatileWrites: false });
  expect(settingsOf("medium:/media/usb", "m", "--volatile-writes")).toMatchObject({ volatileWrites: true });
  const refused = errorOf(() => settingsOf("dir:/srv/data", "m", "--volatile-writes"));
  expect(refused).toBeInstanceOf(UsageError);
  expect(refused?.message).toContain("is for medium: alone");
});

it("takes every option", () => {
  const argv = ["--page-size", "4K", "--cache-size=1M", "--dirty-limit", "512K", "--dirty-background", "128K"];
  const more = ["--attribute-timeout", "0", "--allow-other", "-d", "--log-format", "json", "--log-level", "debug"];
  expect(settingsOf("dir:store", "m", ...argv, ...more)).toMatchObject({
    pageSize: 4096,
    budgetBytes: 1_048_576,
    dirtyLimitBytes: 524_288,
    dirtyBackgroundBytes: 131_072,
    attributeTimeoutMs: 0,
    allowOther: true,
    daemon: true,
    logFormat: "json",
    logLevel: "debug",
  });
});

it("takes choices for refusals, and leaves the others to the cache", () => {
  expect(settingsOf("mem:", "m")).toMatchObject({
    rescueDirectory: undefined,
    refusalActions: {},
    conflict: "refuse",
    retryDeadlineMs: undefined,
  });
  const refusal = ["--refusal", "space=excise, media=salvage,permission=invalidate-lazily,gone=keep-dirty"];
  const more = ["--conflict", "keep-both", "--retry-deadline", "2min", "--rescue", "kept"];
  expect(settingsOf("mem:", "m", ...refusal, ...more)).toMatchObject({
    rescueDirectory: `${process.cwd()}/kept`,
    refusalActions: { space: "excise", media: "salvage", permission: "invalidateLazily", gone: "keepDirty" },
    conflict: "keepBoth",
    retryDeadlineMs: 120_000,
  });
});

it("refuses each senseless command line with one line that says what to do", () => {
  const cases: readonly [readonly string[], RegExp][] = [
    [["ftp://host", "m"], /no store knows the scheme "ftp:"/],
    [["/srv/data", "m"], /is no store URL/],
    [["dir:", "m"], /wants the path/],
    [["mem:x", "m"], /takes nothing/],
    [["mem:"], /DIR is missing, as in: holdfast mount /],
    [["mem:", "m", "n"], /takes URL DIR/],
    [["mem:", "m", "--page-size", "5000"], /power of two/],
    ...["space", "space=", "space=burn", "rooms=excise", "space=excise=", "", "space=excise,", "toString=excise"].map(
      (text): [readonly string[], RegExp] => [
        ["mem:", "m", "--refusal", text],
        /^--refusal wants CLASS=ACTION, as in --refusal space=excise,media=salvage, with a class of permission, .*not "/,
      ],
    ),
    [["mem:", "m", "--refusal", "space=excise,space=salvage"], /names the class space twice/],
    [["mem:", "m", "--conflict", "maybe"], /--conflict is one of refuse, keep-both, overwrite, not "maybe"/],
    [["mem:", "m", "--retry-deadline", "soon"], /--retry-deadline wants a time such as/],
    [["mem:", "m", "--page-size", "2048"], /power of two/],
    [["mem:", "m", "--page-size", "0"], /power of two/],
    [["mem:", "m", "--cache-size", "64K"], /at least 16 pages/],
    [["mem:", "m", "--dirty-limit", "1G"], /--dirty-limit/],
    [["mem:", "m", "--dirty-limit", "1M", "--dirty-background", "2M"], /--dirty-background/],
    [["mem:", "m", "--log-format", "xml"], /--log-format is one of text, json/],
    [["mem:", "m", "--log-level", "loud"], /--log-level is one of/],
    [["mem:", "m", "--store-timeout", "0s"], /--store-timeout must be at least 100ms/],
    [["mem:", "m", "--store-timeout", "99ms"], /--store-timeout must be at least 100ms/],
    [["mem:", "m", "--colour"], /Unknown option '--colour'/],
    [["mem:", "m", "--page-size"], /--page-size/],
  ];
  for (const [argv, message] of cases) {
    const error = errorOf(() => settingsOf(...argv));
    expect(error, argv.join(" ")).toBeInstanceOf(UsageError);
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain("\n");
  }
});

it("has a row for every option in the README, with its default", () => {
  const text = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  const rows = text.split("\n").filter((line) => line.startsWith("| `--"));
  for (const name of Object.keys(mountVerb.options)) {
    expect(
      rows.filter((row) => new RegExp(`\`--${name}[\` ]`).test(row.split("|")[1] ?? "")),
      name,
    ).toHaveLength(1);
  }
});

it("explains every option in its help", () => {
  const text = verbHelp(mountVerb);
  for (const name of Object.keys(mountVerb.options)) expect(text).toContain(`--${name}`);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});
