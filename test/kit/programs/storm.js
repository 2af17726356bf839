/**
 * One of several processes at work in one directory: `storm DIRECTORY SELF` makes, renames, links and removes files, some
 * under names that the others fight for too. What is left at the end is known: `kept-SELF-N` of each process, and at most one
 * `prize`.
 */
import { linkSync, mkdirSync, readdirSync, renameSync, rmdirSync, statSync, unlinkSync, writeFileSync } from "node:fs";

const rounds = 40;
const expected = new Set(["ENOENT", "EEXIST"]);

function perhaps(act) {
  try {
    act();
  } catch (error) {
    if (!expected.has(error.code)) throw error;
  }
}

const [directory, self] = process.argv.slice(2);
process.chdir(directory);
for (let round = 0; round < rounds; round += 1) {
  const own = `own-${self}-${round}`;
  writeFileSync(own, `${self} ${round}`, { flag: "wx" });
  if (round % 4 === 0) {
    renameSync(own, `kept-${self}-${round}`);
    linkSync(`kept-${self}-${round}`, `link-${self}-${round}`);
  } else if (round % 4 === 1) {
    renameSync(own, "prize");
  } else if (round % 4 === 2) {
    perhaps(() => linkSync(own, "contended"));
    unlinkSync(own);
    perhaps(() => unlinkSync("contended"));
  } else {
    unlinkSync(own);
    perhaps(() => mkdirSync("room"));
    perhaps(() => rmdirSync("room"));
  }
  perhaps(() => statSync("prize"));
  if (round % 10 === 9) readdirSync(".");
}
for (let round = 0; round < rounds; round += 8) unlinkSync(`link-${self}-${round}`);
