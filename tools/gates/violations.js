/**
 * One violation for each gate: where it is planted, the command that must fail, and words that its output must have, so that
 * it fails for the right reason.
 */
const compile = ["tsc", "-b"];
const types = ["tsc", "-b", "test"];
const lint = ["biome", "lint", "--error-on-warnings", "--max-diagnostics=1000", "."];
const format = ["biome", "check", "--linter-enabled=false", "--max-diagnostics=1000", "."];
const style = ["node", "tools/style/run.js"];
const deadCode = ["knip", "--no-progress"];
const tests = ["vitest", "run", "--project", "unit", "test/unit/planted.test.ts"];

const mountTests = ["vitest", "run", "--project", "integration", "test/integration/planted.test.ts"];

const head = "/** A planted file that breaks one rule, and is otherwise a good one. */\n";
const long = (count) => Array.from({ length: count }, (_, at) => `  count += ${at};\n`).join("");
// Words that must not stand in a file are put together here, so that this one passes the rule it tests.
const joined = (...parts) => parts.join("");

const planted = (gate, command, says, path, text) => ({ gate, command, says, path, text });
const styled = (rule, path, text) =>
  planted(`style: ${rule}`, style, new RegExp(`^${path}:\\d+: ${rule}: `, "m"), path, text);

export const violations = [
  planted(
    "build: an import against the stream",
    compile,
    "planted.ts",
    "src/base/planted.ts",
    `${head}import type { Store } from "../port/index.ts";\nexport type Planted = Store;\n`,
  ),
  planted(
    "build: Node named in the cache",
    compile,
    "node:fs",
    "src/cache/planted.ts",
    `${head}import { readFileSync } from "node:fs";\nexport const planted: unknown = readFileSync;\n`,
  ),
  planted(
    "build: a timer named in the cache",
    compile,
    "setTimeout",
    "src/cache/planted.ts",
    `${head}export const planted: unknown = setTimeout;\n`,
  ),
  planted(
    "build: a store that knows the cache",
    compile,
    "planted.ts",
    "src/stores/memory/planted.ts",
    `${head}export type { CacheSnapshot } from "../../cache/index.ts";\n`,
  ),
  planted(
    "types: a test against what a room does not offer",
    types,
    "test/unit/planted.ts",
    "test/unit/planted.ts",
    `${head}import { noSuchThing } from "../../src/base/index.ts";\nexport const planted: unknown = noSuchThing;\n`,
  ),
  planted(
    "types: a bench with a number for a text",
    types,
    "bench/library/planted.ts",
    "bench/library/planted.ts",
    `${head}export const planted: string = 1;\n`,
  ),
  planted(
    "lint: a floating promise",
    lint,
    "noFloatingPromises",
    "src/cli/planted.ts",
    `${head}async function work(): Promise<void> {}\nexport function planted(): void {\n  work();\n}\n`,
  ),
  planted(
    "lint: a forgotten case",
    lint,
    "useExhaustiveSwitchCases",
    "src/cli/planted.ts",
    `${head}export function planted(kind: "a" | "b"): number {\n  switch (kind) {\n    case "a":\n      return 1;\n  }\n  return 0;\n}\n`,
  ),
  planted(
    "lint: an import cycle",
    lint,
    "noImportCycles",
    "src/base/random.ts",
    'import { SeededRandom as Cycle } from "./index.ts";\nexport const cycle: unknown = Cycle;\n',
  ),
  planted("format: a crooked file", format, "planted.ts", "src/cli/planted.ts", `${head}export const planted  = 1\n`),
  styled("file-length", "tools/planted.js", `${head}let count = 0;\n${"count += 1;\n".repeat(400)}`),
  styled(
    "function-length",
    "tools/planted.js",
    `${head}export function planted(count) {\n${long(70)}  return count;\n}\n`,
  ),
  styled("head-comment", "src/cli/planted.ts", "export const planted = 1;\n"),
  styled("file-name", "tools/utils.js", `${head}export const planted = 1;\n`),
  styled("door", "src/base/index.ts", "export const planted = 1;\n"),
  styled("banned-names", "src/cache/planted.ts", `${head}export const planted: number = Date.now();\n`),
  styled("banned-names", "src/fuse/planted.ts", `${head}console.log("planted");\n`),
  styled("any", "src/cli/planted.ts", `${head}export const planted: any = 1;\n`),
  styled("silenced-check", "src/cli/planted.ts", `${head}// ${joined("@ts-", "ignore")}\nexport const planted = 1;\n`),
  styled(
    "left-over-mark",
    "src/cli/planted.ts",
    `${head}// ${joined("TO", "DO")}: finish this.\nexport const planted = 1;\n`,
  ),
  styled(
    "hidden-tests",
    "test/unit/planted.test.ts",
    `it.${joined("on", "ly")}("planted", () => expect(1).toBe(1));\n`,
  ),
  styled(
    "hidden-tests",
    "test/unit/planted.test.ts",
    `it.${joined("sk", "ip")}("planted", () => expect(1).toBe(1));\n`,
  ),
  styled(
    "sleeping-tests",
    "test/unit/planted.test.ts",
    'it("planted", async () => {\n  await new Promise((resolve) => setTimeout(resolve, 500));\n  expect(1).toBe(1);\n});\n',
  ),
  styled("tests-that-can-fail", "test/unit/planted.test.ts", 'it("planted", () => {});\n'),
  styled("room-doors", "src/cli/planted.ts", `${head}export { assert } from "../base/assert.ts";\n`),
  styled("machine-paths", "docs/planted.md", `Look into ${joined("/ro", "ot/")}secrets.\n`),
  styled("lock-file", "package-lock.json", (text) =>
    text.replace('"node_modules/@biomejs/cli-darwin-x64"', '"planted"'),
  ),
  styled("registry-hosts", "docs/planted.md", `Packages come from ${joined("registry", ".npmjs.org")}.\n`),
  planted(
    "dead code: an export that nothing uses",
    deadCode,
    "planted",
    "src/cli/secrets.ts",
    "export const planted = 1;\n",
  ),
  planted(
    "dead code: a file that nothing uses",
    deadCode,
    "planted.ts",
    "src/cli/planted.ts",
    `${head}export const planted = 1;\n`,
  ),
  planted(
    "tests: a test that fails",
    tests,
    "planted to fail",
    "test/unit/planted.test.ts",
    'import { expect, it } from "vitest";\nit("planted to fail", () => expect(1).toBe(2));\n',
  ),
  planted(
    "tests: a mount that a test leaves behind",
    mountTests,
    "left mounted",
    "test/integration/planted.test.ts",
    `import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { RunningMount } from "../kit/command.ts";
import { scratchDirectory } from "../kit/scratch.ts";
it("leaves a mount", async () => {
  const point = join(await scratchDirectory("planted"), "mount");
  await mkdir(point);
  await RunningMount.start("mem:", point);
  expect(1).toBe(1);
});
`,
  ),
];
