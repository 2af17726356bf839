/**
 * Breaks the code on purpose: plants one mistake at a time in a scratch copy of the project, runs the tests of the file
 * that should see it, and demands that a test fails which cites the id, and none on the copy as it is.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ScratchCopy } from "../gates/scratch-copy.js";
import { idsIn } from "./citations.js";
import { reportName } from "./first-failure.js";
import { plants } from "./plants.js";

const reporter = "./tools/acceptance/first-failure.js";
/** A row of docs/acceptance.md that records how a mistake was seen: its id and what it is. */
const recordPattern = /^\| ([SG][0-9.R]+) \| ([^|]+) \| [^|]+ \| [^|]+ \|$/gm;
/** The first test that sees a mistake is enough, and one that waits in vain because of it need not wait long. */
function untilFirstFailure(file) {
  const msMax = file.startsWith("test/integration/") ? 60_000 : 10_000;
  return ["--bail", "1", "--testTimeout", String(msMax)];
}

/** Runs a file's tests in the copy: { tests, firstFailure }, one line on the first failure. */
function runTests(copy, file, only = []) {
  const project = file.split("/")[1];
  const reportPath = join(copy.directory, reportName);
  rmSync(reportPath, { force: true });
  // Tests through real mounts run the command as it is built.
  const built = project === "integration" ? copy.run(["tsc", "-b"]) : { status: 0 };
  if (built.status !== 0) return { tests: [], firstFailure: `it cannot be built: ${built.output.slice(0, 500)}` };
  const vitest = ["vitest", "run", "--project", project, "--reporter", reporter];
  const { status, output } = copy.run([...vitest, file, ...only]);
  if (existsSync(reportPath)) return JSON.parse(readFileSync(reportPath, "utf8"));
  return { tests: [], firstFailure: `no report, exit status ${status}: ${output.slice(-500)}` };
}

/** The tests of one id in a run. */
function citing(id, { tests }) {
  return tests.filter(({ title, result }) => result !== "skipped" && idsIn(title).ids.includes(id));
}

/**
 * What is wrong with the plants: places that are not there any more, or not alone, plants without a record and records without
 * a plant, and requirements that are done and have none.
 */
export function mistakesOfPlants(root, entries) {
  const misplaced = plants.flatMap(({ id, what, edits }) =>
    edits.flatMap(({ path, find }) => {
      const count = readFileSync(join(root, path), "utf8").split(find).length - 1;
      return count === 1 ? [] : [`the place to break for ${id} (${what}) stands ${count} times in ${path}`];
    }),
  );
  const document = readFileSync(join(root, "docs", "acceptance.md"), "utf8");
  const recorded = [...document.matchAll(recordPattern)].map(([, id, what]) => `${id}, ${what}`);
  const planted = plants.map(({ id, what }) => `${id}, ${what}`);
  const gone = recorded.filter((one) => !planted.includes(one));
  const unrecorded = planted.filter((one) => !recorded.includes(one));
  const done = entries.filter(({ id, state }) => state === "done" && id.startsWith("S"));
  const unplanted = done.filter(({ id }) => !plants.some((plant) => plant.id === id));
  return [
    ...misplaced,
    ...gone.map((one) => `docs/acceptance.md: no such mistake: ${one}`),
    ...unrecorded.map((one) => `docs/acceptance.md: nobody says how this mistake was seen: ${one}`),
    ...unplanted.map(({ id }) => `${id} is done, and there is no mistake to plant for it`),
  ];
}

/** Changes the places of a plant; answers what takes that back. A place that is not there, or not alone, is an error. */
function plantIn(copy, { edits }) {
  const takeBacks = [];
  const takeBack = () => {
    for (const one of takeBacks.reverse()) one();
  };
  try {
    for (const { path, find, replace } of edits) {
      takeBacks.push(
        copy.plant(path, (text) => {
          const count = text.split(find).length - 1;
          if (count !== 1) throw new Error(`the text to break stands ${count} times in ${path}`);
          return text.replace(find, () => replace);
        }),
      );
    }
    return takeBack;
  } catch (thrown) {
    takeBack();
    throw thrown;
  }
}

/** Whether the tests of one plant pass as the code is, and one of them fails once it is broken; prints what was seen. */
function isSeen(copy, plant, before) {
  const { id, what, edits, test } = plant;
  const paths = edits.map(({ path }) => path).join(", ");
  const say = (seen, lines) => {
    console.log(`${seen ? "seen  " : "UNSEEN"}  ${id.padEnd(7)}${what} (${paths})`);
    for (const line of lines) console.log(`          ${line}`);
    return seen;
  };
  const own = citing(id, before);
  if (own.length === 0) return say(false, [before.firstFailure ?? `${test} has no test of it`]);
  if (own.some(({ result }) => result !== "passed")) return say(false, [`as it is: ${before.firstFailure}`]);
  try {
    const takeBack = plantIn(copy, plant);
    const after = runTests(copy, test, ["-t", `\\[${id.replace(".", "\\.")}\\]`, ...untilFirstFailure(test)]);
    takeBack();
    const failed = citing(id, after).filter(({ result }) => result === "failed");
    const named = failed.map(({ title }) => `fails: ${test}: ${title}`);
    return say(failed.length > 0, [...named, after.firstFailure ?? "nothing failed"]);
  } catch (thrown) {
    return say(false, [thrown.message]);
  }
}

/** Replays the plants of the ids, or all; answers whether each was seen. */
export function replay(root, ids) {
  const chosen = plants.filter(({ id }) => ids.length === 0 || ids.includes(id));
  const copy = new ScratchCopy(root);
  const before = new Map();
  try {
    const seenCount = chosen.filter((plant) => {
      const { test } = plant;
      if (!before.has(test)) before.set(test, runTests(copy, test));
      return isSeen(copy, plant, before.get(test));
    }).length;
    console.log(`${seenCount} of ${chosen.length} mistakes were seen`);
    return chosen.length > 0 && seenCount === chosen.length;
  } finally {
    copy.remove();
  }
}
