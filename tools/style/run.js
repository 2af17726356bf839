/**
 * The style test: reads every file of the project, applies every rule, prints what each rule visited, and fails on any
 * complaint and on any rule that visited nothing. The one argument is the root of the tree to read.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { rulesOfCode } from "./rules-of-code.js";
import { rulesOfSizeAndNames } from "./rules-of-size-and-names.js";
import { roomsOf, rulesOfTheHouse } from "./rules-of-the-house.js";
import { SourceFile } from "./source-file.js";

const binary = /\.(gz|zst|bin|png|tar)$/;

/** Every file that git knows or would take, so that a file is judged before it is added. */
function pathsOf(root) {
  const output = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  const paths = [...new Set(output.split("\0").filter((path) => path !== ""))];
  return paths.filter((path) => !binary.test(path) && existsSync(join(root, path)));
}

const root = resolve(process.argv[2] ?? ".");
const paths = pathsOf(root);
const rules = [...rulesOfSizeAndNames, ...rulesOfCode, ...rulesOfTheHouse(roomsOf(paths))];
const visits = new Map(rules.map((rule) => [rule.name, 0]));
const complaints = [];

for (const path of paths) {
  const file = new SourceFile(root, path);
  if (file.parseError !== undefined) {
    complaints.push(`${path}:1: it does not parse: ${file.parseError}`);
    continue;
  }
  for (const rule of rules) {
    if (!rule.appliesTo(file)) continue;
    rule.check(file, {
      visit: () => visits.set(rule.name, visits.get(rule.name) + 1),
      complain: (line, text) => complaints.push(`${path}:${line}: ${rule.name}: ${text}; ${rule.sentence}`),
    });
  }
}
for (const [name, count] of visits) {
  if (count === 0) complaints.push(`${name}: the rule visited nothing, so it proves nothing`);
}

const visited = [...visits].map(([name, count]) => `${name} ${count}`).join(", ");
console.log(`${paths.length} files, ${rules.length} rules; visited: ${visited}`);
for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) {
  console.error(`${complaints.length} complaints`);
  process.exitCode = 1;
}
