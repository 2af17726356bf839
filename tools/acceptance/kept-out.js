/**
 * The mistakes of code that was discussed, which must not come back: a table of docs/acceptance.md names for each the test
 * that fails on it, by its file and its title.
 *
 *     | S0.26 | A walk does not advance, and never ends. | `unit/cache/refusal/refused-write`: takes along what lies behind |
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { idsIn } from "./citations.js";

const rowPattern = /^\| (S[0-9.R]+) \| [^|]+ \| `([^`]+)`: ([^|]+) \|$/gm;
const rowsMin = 10;

/** What is wrong with the table: tests that are not there any more, or do not cite the id, and a table that lacks rows. */
export function mistakesOfKeptOut(root, titles) {
  const rows = [...readFileSync(join(root, "docs", "acceptance.md"), "utf8").matchAll(rowPattern)];
  const gone = rows.filter(([, id, file, words]) => {
    const path = `test/${file}.test.ts`;
    return !titles.some((one) => one.path === path && one.title.includes(words) && idsIn(one.title).ids.includes(id));
  });
  const mistakes = gone.map(
    ([, id, file, words]) => `docs/acceptance.md: ${file} has no test of ${id} called: ${words}`,
  );
  if (rows.length < rowsMin) mistakes.push(`docs/acceptance.md: fewer than ${rowsMin} mistakes are kept out`);
  return mistakes;
}
