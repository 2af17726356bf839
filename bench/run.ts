/**
 * `npm run bench` measures the library and the mount and prints tables, then every target with whether it was reached. Each part has a process of its own, so that the
 * memory and the compiled code of one do not weigh on the next.
 */
import { fork } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { dirtyPages } from "./library/dirty-pages.ts";
import { hits } from "./library/hits.ts";
import { pageMemory } from "./library/page-memory.ts";
import { scale } from "./library/scale.ts";
import { memoryRun } from "./mount/memory-run.ts";
import { mountPart } from "./mount/mount-part.ts";
import { pageSizePart } from "./mount/page-sizes.ts";
import { printTable, printTargets, type Report, type Target } from "./report.ts";
import { readArguments } from "./usage.ts";

const parts: Readonly<Record<string, (quick: boolean) => Promise<Report>>> = {
  hits,
  scale,
  "dirty-pages": dirtyPages,
  "page-memory": pageMemory,
  mount: mountPart,
  memory: memoryRun,
  "page-sizes": pageSizePart,
};

async function runHere(name: string, quick: boolean): Promise<void> {
  const part = parts[name];
  if (part === undefined) throw new Error(`no such part: ${name}; there are ${Object.keys(parts).join(", ")}`);
  const report = await part(quick);
  // What a part leaves behind (timers of caches that still hold dirty pages) ends with its process.
  process.send?.(report, () => process.exit(0));
}

function runApart(name: string, quick: boolean): Promise<Report> {
  return new Promise((resolve, reject) => {
    const options = quick ? ["--quick"] : [];
    const child = fork(fileURLToPath(import.meta.url), ["--here", name, ...options], {
      execArgv: [...process.execArgv, "--expose-gc"],
    });
    let report: Report | undefined;
    child.once("message", (message) => {
      report = message as Report;
    });
    child.once("exit", (status) => {
      if (report === undefined || status !== 0) reject(new Error(`${name} ended with ${status}`));
      else resolve(report);
    });
  });
}

const text = `npm run bench -- [--quick] [PART ...]
  Measures the library and the mount, the mount beside bindfs and a bare FUSE loop, and prints tables, then every target with
  whether it was reached. The machine should have nothing else to do.

  PART       one of ${Object.keys(parts).join(", ")} (default: all)
  --quick    takes fewer rounds

  Exit status: 0 when all was measured, 1 when something failed, 2 when the arguments are wrong.`;
const options = { quick: { type: "boolean" }, here: { type: "boolean" } } as const;
const { values, names } = readArguments({
  command: "npm run bench",
  text,
  options,
  names: Object.keys(parts),
  what: "part",
});
const quick = values.quick === true;
if (values.here === true) {
  await runHere(names[0] as string, quick);
} else {
  console.log(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}`);
  const targets: Target[] = [];
  for (const name of names) {
    const report = await runApart(name, quick);
    for (const table of report.tables) printTable(table);
    targets.push(...report.targets);
  }
  printTargets(targets);
}
