/**
 * A reporter of the test runner for code that was broken on purpose: each test with its result, and of those that failed
 * what the first failure says. Of a failure that was met while another was being cleaned up after, and of several at once,
 * the first one is told.
 */
import { writeFileSync } from "node:fs";

/** Where the report goes, in the directory that the tests run in: { tests: [{ path, title, result }], firstFailure }. */
export const reportName = "first-failure.json";

/** The failure that came first, of those that one stands for. */
function first(failure) {
  if (failure.suppressed !== undefined) return first(failure.suppressed);
  if (failure.errors?.[0] !== undefined) return first(failure.errors[0]);
  return failure;
}

/** One line on a failure: its first, and the next where that only leads up to it. */
function lineOn(failure) {
  const { message = String(failure), stack } = first(failure);
  if (/^Test timed out in \d+ms/.test(message)) return "it did not end in time";
  const [line, next = ""] = (stack || message).split("\n");
  return line.endsWith(":") ? `${line} ${next.trim()}` : line;
}

/** The names of the suites that a test is in, and its own. */
function titleOf(test) {
  const names = [test.name];
  for (let suite = test.parent; suite.type === "suite"; suite = suite.parent) names.unshift(suite.name);
  return names.join(" ");
}

export default class FirstFailure {
  onTestRunEnd(modules) {
    const found = modules.flatMap((module) => [...module.children.allTests()].map((test) => ({ module, test })));
    const failures = [
      ...modules.flatMap((module) => module.errors()),
      ...found.flatMap(({ test }) => test.result().errors ?? []),
    ];
    const tests = found.map(({ module, test }) => {
      const { state } = test.result();
      const result = state === "passed" || state === "failed" ? state : "skipped";
      return { path: module.relativeModuleId, title: titleOf(test), result };
    });
    const firstFailure = failures[0] === undefined ? undefined : lineOn(failures[0]);
    writeFileSync(reportName, JSON.stringify({ tests, firstFailure }));
  }
}
