/**
 * The one command that checks everything. Each step says what it is for, then how it went and how long it took; the end
 * lists what failed. Names of steps as arguments run those steps only.
 */
import { spawnSync } from "node:child_process";
import { misused, readArguments } from "./usage.js";

const steps = [
  {
    name: "build",
    purpose: "compiles each room on its own: an import against the stream, or Node named in an inner room, stops here",
    command: ["tsc", "-b"],
  },
  {
    name: "types",
    purpose: "compiles tests and benches against the rooms, without output",
    command: ["tsc", "-b", "test"],
  },
  {
    name: "lint",
    purpose: "finds floating promises, forgotten cases, import cycles and other slips",
    command: ["biome", "lint", "--error-on-warnings", "--max-diagnostics=1000", "."],
  },
  {
    name: "format",
    purpose: "keeps the text of every file in one shape",
    command: ["biome", "check", "--linter-enabled=false", "--max-diagnostics=1000", "."],
  },
  {
    name: "style",
    purpose: "holds the house rules: sizes, head comments, doors, banned names, honest tests",
    command: ["node", "tools/style/run.js"],
  },
  {
    name: "dead-code",
    purpose: "finds files, exports and dependencies that nothing uses",
    command: ["knip", "--no-progress"],
  },
  {
    name: "tests",
    purpose: "runs all tests: unit, contract, and integration through real mounts",
    command: ["vitest", "run"],
  },
];

const usage = `npm run check -- [STEP ...]
  Runs the steps that were named, all of them otherwise, in this order:

${steps.map(({ name, purpose }) => `  ${name.padEnd(11)}${purpose}`).join("\n")}

  Exit status: 0 when all passed, 1 when a step failed, 2 when the arguments are wrong.`;
const { words: asked } = readArguments("npm run check", usage);
const unknown = asked.filter((name) => !steps.some((step) => step.name === name));
if (unknown.length > 0) misused("npm run check", `no such step: ${unknown.join(", ")}`);

const failed = [];
for (const { name, purpose, command } of steps) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n== ${name}: ${purpose}`);
  const startedMs = performance.now();
  const [program, ...parameters] = command;
  const { status, signal, error } = spawnSync(program, parameters, { stdio: "inherit" });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const passed = status === 0;
  const how = passed ? "passed" : `FAILED (${error?.message ?? signal ?? `exit status ${status}`})`;
  console.log(`== ${name}: ${how}, ${seconds} s`);
  if (!passed) failed.push(name);
}

console.log(failed.length === 0 ? "\nall passed" : `\nfailed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
