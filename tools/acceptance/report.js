/**
 * The outcome of a run of the tests: the JSON report of the test runner, as the tests that it has and as verdicts on the
 * ids that they cite.
 */
import { relative } from "node:path";
import { idsIn } from "./citations.js";

/** The tests of a report as { path, title, result }, and the files of which none could run. */
export function testsOf(report, root) {
  const tests = [];
  const brokenFiles = [];
  for (const file of report.testResults) {
    const path = relative(root, file.name);
    if (file.status === "failed" && file.assertionResults.length === 0) brokenFiles.push(path);
    for (const { fullName, status } of file.assertionResults) {
      // Whatever neither passed nor failed was not run: skipped, pending, to be written.
      const result = status === "passed" || status === "failed" ? status : "skipped";
      tests.push({ path, title: fullName, result });
    }
  }
  return { tests, brokenFiles };
}

/**
 * The verdict on each entry, as { id, state, verdict, tests }. An entry that is done is *done* when one of its tests
 * passed and none failed, *failing* when one failed, *unproven* when none ran; *elsewhere* when its tests are all in
 * files that were left out of the run.
 */
export function judge(entries, tests, citedElsewhere) {
  const testsById = new Map(entries.map(({ id }) => [id, []]));
  for (const test of tests) for (const id of idsIn(test.title).ids) testsById.get(id)?.push(test);
  return entries.map((entry) => {
    const own = testsById.get(entry.id);
    return { ...entry, tests: own, verdict: verdictOn(entry, own, citedElsewhere.has(entry.id)) };
  });
}

function verdictOn({ state }, tests, isCitedElsewhere) {
  const count = (result) => tests.filter((test) => test.result === result).length;
  if (state === "open") return "open";
  if (count("failed") > 0) return "failing";
  if (count("passed") > 0) return "done";
  return isCitedElsewhere ? "elsewhere" : "unproven";
}
