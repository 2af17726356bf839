/**
 * Checks the models of docs/models with spin and compares each verdict with the one that is expected: an order that is right
 * must hold, and an order with a mistake must be found out, or the check checks nothing. Prints a table; exits non-zero on a
 * surprise.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { misused, readArguments } from "./usage.js";

const directory = fileURLToPath(new URL("../docs/models/", import.meta.url));
const secondsMax = 300;
const memoryMiBMax = 2048;

/** What a model can be asked. The bits are those of its `CHECK`; the other two are questions to spin itself. */
const properties = {
  deadlock: { says: "nobody waits for ever" },
  ends: { says: "everybody ends" },
  lostWrite: { says: "no later write is lost", bit: 1 },
  resurrected: { says: "no refused bytes come back", bit: 2 },
  once: { says: "a page leaves once", bit: 4 },
  inFlight: { says: "no page leaves in flight", bit: 8 },
  crash: { says: "no assertion is run into", bit: 16 },
  rescued: { says: "no refused bytes are lost", bit: 8 },
};

const onePage = ["INDEXES=1"];
const twoPages = ["INDEXES=2", "NOBODY_MAPS"];
const withoutMapper = [...onePage, "NOBODY_MAPS"];
const ofKernel = ["lostWrite", "resurrected", "once", "inFlight", "crash"];
const complete = ["REPORTS_WHAT_IT_DROPS"];

/** Each model with the properties that hold and those that must be found broken. */
const models = [
  {
    name: "posted",
    defines: onePage,
    holds: ["deadlock", "once", "inFlight"],
    broken: ["lostWrite", "resurrected", "crash"],
  },
  {
    name: "posted, second unmap as meant",
    defines: [...onePage, "SECOND_UNMAP_AS_MEANT"],
    holds: ["resurrected"],
    broken: ["lostWrite", "crash"],
  },
  { name: "posted, two pages", defines: twoPages, holds: ["deadlock", "once", "inFlight", "ends"], broken: ["crash"] },
  { name: "posted, a page has gone", defines: [...twoPages, "PAGE_ALREADY_GONE"], holds: [], broken: ["ends"] },
  {
    name: "morton",
    defines: onePage,
    holds: ["deadlock", "resurrected", "once", "inFlight"],
    broken: ["lostWrite"],
  },
  { name: "morton, reports what it drops", defines: [...onePage, ...complete], holds: ["deadlock", ...ofKernel] },
  { name: "morton, two pages", defines: [...twoPages, ...complete], holds: ["deadlock", ...ofKernel, "ends"] },
  { name: "defunct", defines: onePage, holds: ["deadlock", ...ofKernel] },
  { name: "defunct, two pages", defines: twoPages, holds: ["deadlock", ...ofKernel, "ends"] },
  { name: "lock", defines: withoutMapper, broken: ["deadlock"] },
  { name: "lock, behind the page lock", defines: [...withoutMapper, "BEHIND_THE_PAGE_LOCK"], broken: ["deadlock"] },
  { name: "clears", defines: onePage, holds: ["deadlock", "once", "inFlight"], broken: ["resurrected"] },
  { name: "holdfast", holds: ["deadlock", "lostWrite", "resurrected", "once", "rescued", "ends"] },
  ...mistakes("morton", [...onePage, ...complete], {
    WAITS_FOR_ITS_OWN: "deadlock",
    LOCKS_BEFORE_ENDING: "deadlock",
    DOES_NOT_WAIT: "inFlight",
    DOES_NOT_LOOK_AGAIN: "once",
    UNMAPS_ONLY_BEFORE: "resurrected",
    MKWRITE_UNLOCKS_EARLY: "lostWrite",
  }),
  ...mistakes("defunct", onePage, { FAULTS_ENTER_DEFUNCT: "resurrected", MKWRITE_UNLOCKS_EARLY: "lostWrite" }),
  ...mistakes("holdfast", [], {
    WAITS_FOR_ITS_OWN: "deadlock",
    LOCKS_WHILE_SENDING: "deadlock",
    WAITS_FOR_THE_KERNEL: "deadlock",
    DOES_NOT_LOOK_AGAIN: "lostWrite",
    SETTLES_UNLOCKED: "once",
    DROPS_LOCKED_PAGE: "once",
    DROPS_PINNED_PAGE: "rescued",
    FREES_BEFORE_RESCUE: "rescued",
    WRITES_INTO_FROZEN: "rescued",
    FILLS_FROZEN: "rescued",
    NOTIFIES_BEFORE: "resurrected",
    MAPPER_STORES: "resurrected",
  }),
];

function mistakes(order, defines, propertyByMistake) {
  return Object.entries(propertyByMistake).map(([mistake, property]) => ({
    name: `${order}: ${mistake}`,
    defines: [...defines, mistake],
    broken: [property],
  }));
}

/** The runs of spin for a model: what holds is looked at together, what is broken one by one. */
function runsOf({ name, defines = [], holds = [], broken = [] }) {
  const common = { name, file: `${/^\w+/.exec(name)[0]}.pml`, defines };
  const together = holds.filter((property) => property !== "ends");
  const runs = broken.map((property) => ({ ...common, asked: [property], expected: "broken" }));
  if (together.length > 0) runs.unshift({ ...common, asked: together, expected: "holds" });
  if (holds.includes("ends")) runs.push({ ...common, asked: ["ends"], expected: "holds" });
  return runs;
}

function missingProgram() {
  return ["spin", "cc"].find((program) => spawnSync(program, ["--version"], { stdio: "ignore" }).error !== undefined);
}

/** Runs a program to its end; answers what it printed. Rejects when it cannot be run or takes too long. */
function output(program, parameters, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { cwd, timeout: secondsMax * 1000, killSignal: "SIGKILL" });
    let text = "";
    child.stdout.on("data", (data) => (text += data));
    child.stderr.on("data", (data) => (text += data));
    child.on("error", reject);
    child.on("close", (status, signal) => {
      if (signal === null) resolve({ status, text });
      else reject(new Error(`${program} was ended by ${signal} after ${secondsMax} s at most`));
    });
  });
}

function definesOf({ asked, defines }) {
  let check = 0;
  for (const property of asked) check += properties[property].bit ?? 0;
  return [`CHECK=${check}`, ...defines].map((define) => `-D${define}`);
}

/** Has spin write the checker of a model, compiles it, runs it; answers what it printed. `shortest` is for few steps. */
async function explore(run, scratch, shortest) {
  const written = await output("spin", ["-a", ...definesOf(run), join(directory, run.file)], scratch);
  if (written.status !== 0 || /error/i.test(written.text)) throw new Error(written.text.trim());
  const ends = run.asked.includes("ends");
  const kind = ends ? ["-DNP", "-DNOFAIR"] : ["-DSAFETY", ...(shortest ? ["-DBFS"] : [])];
  // What is broken is found after few states, so compiling is most of the work.
  const effort = run.expected === "broken" && !shortest ? "-O0" : "-O1";
  const compile = [effort, "-w", `-DMEMLIM=${memoryMiBMax}`, ...kind, "-o", "pan", "pan.c"];
  const compiled = await output("cc", compile, scratch);
  if (compiled.status !== 0) throw new Error(compiled.text.trim());
  const questions = ends ? ["-l"] : run.asked.includes("deadlock") ? [] : ["-E"];
  return (await output(join(scratch, "pan"), [...questions, "-m1000000", "-n"], scratch)).text;
}

/** What a checker's report says. An assertion that is not a claim guards the model itself, and is never expected. */
function verdictOf(report, asked) {
  const states = Number(/(\d+) states, stored/.exec(report)?.[1]);
  const errors = Number(/errors: (\d+)/.exec(report)?.[1]);
  const stopped =
    /^pan(?::1)?: (assertion violated .*|invalid end state.*|non-progress cycle.*|.*out of memory.*|reached .*)$/m;
  const trouble = stopped.exec(report)?.[1];
  if (errors === 0 && trouble === undefined && !report.includes("max search depth too small")) {
    return { verdict: "holds", states };
  }
  const isBroken =
    (trouble?.startsWith("assertion violated ( !((") && !asked.includes("ends")) ||
    (trouble?.startsWith("invalid end state") && asked.includes("deadlock")) ||
    (trouble?.startsWith("non-progress cycle") && asked.includes("ends"));
  return { verdict: isBroken ? "broken" : `no answer: ${trouble ?? "spin did not finish"}`, states };
}

async function inScratch(task) {
  const scratch = await mkdtemp(join(tmpdir(), "holdfast-models-"));
  try {
    return await task(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function check(run) {
  try {
    const report = await inScratch((scratch) => explore(run, scratch, false));
    return { ...run, ...verdictOf(report, run.asked) };
  } catch (failure) {
    return { ...run, verdict: `no answer: ${failure.message}`, states: Number.NaN };
  }
}

/** All results in the order of the runs, as many at a time as there are processors. */
async function checkAll(runs, done) {
  const results = runs.map(() => undefined);
  let next = 0;
  const work = async () => {
    while (next < runs.length) {
      const at = next++;
      results[at] = await check(runs[at]);
      done(results);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), runs.length) }, work));
}

function row(model, property, states, expected, found) {
  return `${model.padEnd(32)}  ${property.padEnd(27)}${states.padStart(11)}  ${expected.padEnd(8)}  ${found}`;
}

/** Prints the rows of results as far as they are complete from the top. */
function printer() {
  let printed = 0;
  return (results) => {
    for (; printed < results.length && results[printed] !== undefined; printed++) {
      const { name, asked, states, expected, verdict } = results[printed];
      const count = Number.isNaN(states) ? "" : String(states);
      const found = verdict === expected ? verdict : `${verdict}   <-- SURPRISE`;
      for (const property of asked) console.log(row(name, properties[property].says, count, expected, found));
      if (verdict !== expected) process.exitCode = 1;
    }
  };
}

/** The shortest way to break a property, step by step, as spin tells it. */
async function tellSteps(name, property) {
  const model = models.find((candidate) => candidate.name === name);
  const run = runsOf(model ?? { name: "none" }).find(({ asked }) => asked.includes(property));
  if (run === undefined) misused(command, "--steps wants a model, and a property that is broken in it");
  await inScratch(async (scratch) => {
    const single = { ...run, asked: [property] };
    await explore(single, scratch, true);
    const trail = `${basename(run.file)}.trail`;
    const told = await output(
      "spin",
      ["-k", trail, "-t", "-p", "-g", ...definesOf(single), join(directory, run.file)],
      scratch,
    );
    console.log(told.text.trim());
  });
}

const command = "npm run check:models";
const usage = `${command} -- [MODEL ...]
${command} -- --steps MODEL PROPERTY
  Has spin check the models of docs/models: what is right must hold, and what has a mistake must be found broken. With
  --steps it tells step by step how a property is broken. Names with blanks are put in quotes.

${models.map(describeModel).join("\n")}

  Exit status: 0 when all is as expected, 1 on a surprise, 2 when the arguments are wrong.`;

function describeModel({ name, broken = [] }) {
  return `  ${name.padEnd(34)}${broken.length === 0 ? "holds" : `broken: ${broken.join(", ")}`}`;
}

async function main() {
  const { values, words } = readArguments(command, usage, { steps: { type: "boolean" } });
  const missing = missingProgram();
  if (missing !== undefined) {
    console.error(`models: the program ${missing} is needed: apt-get install spin gcc libc6-dev`);
    process.exitCode = 1;
    return;
  }
  if (values.steps) return await tellSteps(words[0], words[1]);
  const unknown = words.filter((word) => !models.some(({ name }) => name === word));
  if (unknown.length > 0) misused(command, `no such model: ${unknown.join("; ")}`);
  const runs = models.filter(({ name }) => words.length === 0 || words.includes(name)).flatMap(runsOf);
  const startedMs = performance.now();
  console.log(row("model", "property", "states", "expected", "found"));
  await checkAll(runs, printer());
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  const how = process.exitCode === 1 ? "SURPRISES" : "as expected";
  console.log(`\n${runs.length} runs of spin in ${seconds} s: ${how}`);
}

await main();
