/**
 * `npm run acceptance`: runs the tests and prints every requirement of docs/acceptance.md and every guarantee of
 * docs/semantics.md with the tests that cite it and how they went. What is listed as done and has no passing test, or has
 * a failing one, makes the exit status 1; so does an id that a title cites and no document has.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { citingTitles, idsIn, mistakesOf } from "./acceptance/citations.js";
import { readDocuments } from "./acceptance/documents.js";
import { mistakesOfKeptOut } from "./acceptance/kept-out.js";
import { mistakesOfPlants, replay } from "./acceptance/replay.js";
import { judge, testsOf } from "./acceptance/report.js";
import { prepare, root } from "./setup.js";
import { misused, readArguments } from "./usage.js";

const integration = "test/integration/";
const command = "npm run acceptance";
const usage = `${command} -- [--quick] [--from FILE]
${command} -- --citations
${command} -- --plants [ID ...]
  Runs the tests, and prints every requirement of docs/acceptance.md and every guarantee of docs/semantics.md with the tests
  that cite it and how they went.

  --quick          leaves out the tests through real mounts
  --from FILE      reads a report of the test runner instead of running it, as vitest run --reporter=json --outputFile=FILE
                   writes it; with --quick, one of a run that left those tests out
  --citations      compares documents, titles and the mistakes to plant only, and runs nothing
  --plants [ID]    breaks the code on purpose, one mistake at a time in a scratch copy, and sees the tests of that id fail;
                   all mistakes when no id is given
  --root DIR       the project to look at (default: this one)

  Exit status: 0 when all holds, 1 when something listed as done is not proven or a mistake went unseen, 2 when the
  arguments are wrong.`;

function settings() {
  const { values, words: ids } = readArguments(command, usage, {
    quick: { type: "boolean", default: false },
    citations: { type: "boolean", default: false },
    plants: { type: "boolean", default: false },
    from: { type: "string" },
    root: { type: "string" },
  });
  const modes = [values.quick || values.from !== undefined, values.citations, values.plants].filter(Boolean).length;
  if (modes > 1) misused(command, "--citations and --plants each stand alone");
  if (ids.length > 0 && !values.plants) misused(command, `only --plants takes ids, not ${ids.join(" ")}`);
  return { ...values, root: resolve(values.root ?? root), ids };
}

/** Runs the tests, with their own output, and reads the report. */
function run(quick) {
  prepare("test");
  const directory = mkdtempSync(join(tmpdir(), "holdfast-acceptance-"));
  try {
    const file = join(directory, "report.json");
    const parameters = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    if (quick) parameters.push("--project=!integration");
    const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
    spawnSync(process.execPath, [vitest, ...parameters], { cwd: root, stdio: "inherit" });
    return readReport(file);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (thrown) {
    console.error(`acceptance: no report of the tests in ${file}: ${thrown.message}`);
    process.exit(1);
  }
}

const verdictWords = { done: "done", open: "open", failing: "FAILING", unproven: "UNPROVEN", elsewhere: "not run" };

function printTable(judged) {
  for (const { id, verdict, tests, text } of judged) {
    console.log(`${id.padEnd(7)}${verdictWords[verdict].padEnd(10)}${text}`);
    for (const { path, title, result } of tests) console.log(`${" ".repeat(17)}${result.padEnd(8)}${path}: ${title}`);
  }
}

function printSums(name, judged) {
  const sums = Object.entries(verdictWords).map(([verdict, word]) => [
    word,
    judged.filter((one) => one.verdict === verdict),
  ]);
  const told = sums.filter(([word, those]) => those.length > 0 || ["done", "open", "FAILING"].includes(word));
  console.log(`${name}: ${told.map(([word, those]) => `${those.length} ${word}`).join(", ")}, of ${judged.length}`);
}

function finish(mistakes) {
  for (const mistake of mistakes) console.log(`wrong: ${mistake}`);
  process.exitCode = mistakes.length === 0 ? 0 : 1;
}

/** What documents and titles alone say. */
function compareCitations(entries, mistakes, titles) {
  const cited = new Set(titles.flatMap(({ title }) => idsIn(title).ids));
  const uncited = entries.filter(({ id, state }) => state === "done" && !cited.has(id));
  finish([...mistakes, ...uncited.map(({ id }) => `${id} is listed as done and no test cites it`)]);
  console.log(`${entries.length} ids, ${titles.length} titles that cite them`);
}

function compareResults(entries, mistakes, titles, { from, quick, root }) {
  const { tests, brokenFiles } = testsOf(from === undefined ? run(quick) : readReport(from), root);
  const leftOut = quick ? titles.filter(({ path }) => path.startsWith(integration)) : [];
  const judged = judge(entries, tests, new Set(leftOut.flatMap(({ title }) => idsIn(title).ids)));
  printTable(judged);
  const wrong = judged.filter(({ verdict }) => verdict === "failing" || verdict === "unproven");
  finish([
    ...mistakes,
    ...brokenFiles.map((path) => `${path} could not run`),
    ...wrong.map(({ id, verdict }) =>
      verdict === "failing" ? `${id} is done, and a test of it fails` : `${id} is done, and no test of it passed`,
    ),
  ]);
  const isGuarantee = ({ id }) => id.startsWith("G");
  printSums(
    "requirements",
    judged.filter((one) => !isGuarantee(one)),
  );
  printSums("guarantees", judged.filter(isGuarantee));
}

const chosen = settings();
const { entries, mistakes } = readDocuments(chosen.root);
const titles = citingTitles(chosen.root);
mistakes.push(...mistakesOf(titles, new Set(entries.map(({ id }) => id))));
if (chosen.plants) {
  process.exitCode = replay(root, chosen.ids) ? 0 : 1;
} else if (chosen.citations) {
  mistakes.push(...mistakesOfKeptOut(chosen.root, titles), ...mistakesOfPlants(root, entries));
  compareCitations(entries, mistakes, titles);
} else {
  compareResults(entries, mistakes, titles, chosen);
}
