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

/** Replaces the one place that has the text. */
function replaceOnce(before, { id, find, replace }) {
  if (before.split(find).length !== 2)
    throw new Error(`${id}: the text to break stands ${before.split(find).length - 1} times`);
  return before.replace(find, () => replace);
}

/** Replays the plants of the ids, or all; answers whether each was seen. */
export function replay(root, ids) {
  const chosen = plants.filter(({ id }) => ids.length === 0 || ids.includes(id));
  const copy = new ScratchCopy(root);
  let unseenCount = 0;
  try {
    for (const plant of chosen) {
      const { id, what, path, test } = plant;
      const before = runTests(copy, test, id);
      const passesBefore = before.tests.length > 0 && before.tests.every(({ result }) => result === "passed");
      const takeBack = copy.plant(path, (text) => replaceOnce(text, plant));
      const after = runTests(copy, test, id);
      takeBack();
      const failed = after.tests.filter(({ result }) => result === "failed");
      const isSeen = passesBefore && failed.length > 0;
      if (!isSeen) unseenCount += 1;
      console.log(`${isSeen ? "seen  " : "UNSEEN"}  ${id.padEnd(7)}${what} (${path})`);
      for (const { title } of failed) console.log(`          fails: ${test}: ${title}`);
      if (!passesBefore) console.log(`          does not pass as it is: ${before.firstFailure ?? "no test"}`);
      console.log(`          ${after.firstFailure ?? "nothing failed"}`);
    }
  } finally {
    copy.remove();
  }
  console.log(`${chosen.length - unseenCount} of ${chosen.length} mistakes were seen`);
  return chosen.length > 0 && unseenCount === 0;
}
