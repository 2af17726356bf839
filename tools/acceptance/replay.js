/**
 * Breaks the code on purpose: plants one mistake at a time in a scratch copy of the project, runs the tests of the file
 * that should see it, and demands that a test fails which cites the id, and none on the copy as it is.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ScratchCopy } from "../gates/scratch-copy.js";
import { idsIn } from "./citations.js";
import { plants } from "./plants.js";
import { testsOf } from "./report.js";

const reportName = "acceptance-report.json";
/** How many of the tests that see a mistake are named. */
const namedMax = 3;

/** The tests of a file that cite the id, run in the copy. */
function runTests(copy, file, id) {
  const project = file.split("/")[1];
  const { status, output } = copy.run([
    ...["vitest", "run", "--project", project, "--reporter=json", `--outputFile=${reportName}`],
    ...[file, "-t", `\\[${id.replace(".", "\\.")}\\]`],
  ]);
  try {
    const report = JSON.parse(readFileSync(join(copy.directory, reportName), "utf8"));
    const { tests } = testsOf(report, copy.directory);
    const failures = report.testResults.flatMap(({ assertionResults }) => assertionResults);
    const firstFailure = failures.find((one) => one.status === "failed")?.failureMessages[0]?.split("\n")[0];
    return {
      tests: tests.filter(({ title, result }) => result !== "skipped" && idsIn(title).ids.includes(id)),
      firstFailure,
    };
  } catch {
    return { tests: [], firstFailure: `no report, exit status ${status}: ${output.slice(-500)}` };
  }
}

/** What is wrong with the plants: places that are not there any more, or not alone. */
export function mistakesOfPlants(root) {
  return plants.flatMap(({ id, what, edits }) =>
    edits.flatMap(({ path, find }) => {
      const count = readFileSync(join(root, path), "utf8").split(find).length - 1;
      return count === 1 ? [] : [`the place to break for ${id} (${what}) stands ${count} times in ${path}`];
    }),
  );
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
function isSeen(copy, plant) {
  const { id, what, edits, test } = plant;
  const paths = edits.map(({ path }) => path).join(", ");
  const say = (seen, lines) => {
    console.log(`${seen ? "seen  " : "UNSEEN"}  ${id.padEnd(7)}${what} (${paths})`);
    for (const line of lines) console.log(`          ${line}`);
    return seen;
  };
  const before = runTests(copy, test, id);
  const passesBefore = before.tests.length > 0 && before.tests.every(({ result }) => result === "passed");
  if (!passesBefore)
    return say(false, [`does not pass as it is: ${before.firstFailure ?? `${test} has no test of it`}`]);
  try {
    const takeBack = plantIn(copy, plant);
    const after = runTests(copy, test, id);
    takeBack();
    const failed = after.tests.filter(({ result }) => result === "failed");
    const named = failed.slice(0, namedMax).map(({ title }) => `fails: ${test}: ${title}`);
    if (failed.length > namedMax) named.push(`and ${failed.length - namedMax} more tests`);
    return say(failed.length > 0, [...named, after.firstFailure ?? "nothing failed"]);
  } catch (thrown) {
    return say(false, [thrown.message]);
  }
}

/** Replays the plants of the ids, or all; answers whether each was seen. */
export function replay(root, ids) {
  const chosen = plants.filter(({ id }) => ids.length === 0 || ids.includes(id));
  const copy = new ScratchCopy(root);
  try {
    const seenCount = chosen.filter((plant) => isSeen(copy, plant)).length;
    console.log(`${seenCount} of ${chosen.length} mistakes were seen`);
    return chosen.length > 0 && seenCount === chosen.length;
  } finally {
    copy.remove();
  }
}
