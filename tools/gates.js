/**
 * Shows that each gate of `npm run check` can fail: plants one violation at a time in a scratch copy of the project, runs the
 * gate, and demands that it fails, and says why. Before that, each gate has to pass on the copy as it is.
 */
import { fileURLToPath } from "node:url";
import { ScratchCopy } from "./gates/scratch-copy.js";
import { violations } from "./gates/violations.js";
import { misused, readArguments } from "./usage.js";

const usage = `npm run gates
  Plants ${violations.length} violations, one after the other, in a scratch copy of the project, and has the steps of npm run check
  find each of them. Takes some minutes.

  Exit status: 0 when each was found, 1 when one was not, 2 when the arguments are wrong.`;
const { words } = readArguments("npm run gates", usage);
if (words.length > 0) misused("npm run gates", `it takes no arguments, not ${words.join(" ")}`);

const root = fileURLToPath(new URL("..", import.meta.url));
const copy = new ScratchCopy(root);
let wrongCount = 0;

function report(right, text, output) {
  console.log(`${right ? "right" : "WRONG"}  ${text}`);
  if (right) return;
  wrongCount += 1;
  console.log(output.split("\n").slice(-20).join("\n"));
}

try {
  const commands = new Map(violations.map(({ command }) => [command.join(" "), command]));
  for (const [text, command] of commands) {
    if (text.includes("planted")) continue;
    const { status, output } = copy.run(command);
    report(status === 0, `${text}: passes on the project as it is`, output);
  }
  for (const { gate, command, says, path, text } of violations) {
    const takeBack = copy.plant(path, text);
    const { status, output } = copy.run(command);
    takeBack();
    report(status !== 0 && output.search(says) >= 0, `${gate}: fails on ${path}, exit status ${status}`, output);
  }
} finally {
  copy.remove();
}
console.log(wrongCount === 0 ? `all ${violations.length} violations were caught` : `${wrongCount} gates are wrong`);
process.exitCode = wrongCount === 0 ? 0 : 1;
