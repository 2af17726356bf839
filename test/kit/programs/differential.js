/**
 * Performs a script of file operations below a directory and writes down what each answered: `run DIRECTORY SCRIPT LOG
 * [UID]`, where the script is a JSON list of operations, an operation a list of an act's name and its parameters.
 * `tree DIRECTORY` prints the tree instead.
 */
import { chmodSync, closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { attributeActs } from "../differential/attribute-acts.js";
import { fileActs, Slots } from "../differential/file-acts.js";
import { mappingActs } from "../differential/mapping-acts.js";
import { nameActs } from "../differential/name-acts.js";
import { treeLines } from "../differential/tree.js";

function actsOn(slots) {
  /** "@2/a" is the name "a" in what is open in slot 2, as openat(2) has it. */
  const at = (text) => {
    const path = text.replace(/^@(\d)(?=\/)/, (_, slot) => `/proc/self/fd/${slots.get(Number(slot)).fd}`);
    return Buffer.from(path, "latin1");
  };
  const mapping = mappingActs({ slots });
  const state = { slots, at, ...mapping };
  const tree = () => {
    mapping.syncAll();
    return `\n${treeLines().join("\n")}`;
  };
  return { ...fileActs(state), ...mapping.acts, ...nameActs(state), ...attributeActs(state), tree };
}

function answerOf(acts, [name, ...parameters]) {
  try {
    return acts[name](...parameters) ?? "ok";
  } catch (error) {
    if (error.code === undefined) throw error;
    return error.code;
  }
}

function become(uid) {
  process.setgroups([]);
  process.setgid(uid);
  process.setuid(uid);
}

function run(directory, script, log, uid) {
  const operations = JSON.parse(readFileSync(script, "utf8"));
  const to = openSync(log, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  process.umask(0o022);
  if (uid !== undefined) become(Number(uid));
  for (const one of [dirname(directory), directory]) chmodSync(one, 0o755);
  process.chdir(directory);
  const slots = new Slots();
  const acts = actsOn(slots);
  for (const [index, operation] of operations.entries()) {
    writeSync(to, `${index} ${JSON.stringify(operation)} -> `);
    writeSync(to, `${answerOf(acts, operation)}\n`);
  }
  writeSync(to, `closed ${slots.closeAll().join(" ")}\n`);
  closeSync(to);
}

const [what, directory, script, log, uid] = process.argv.slice(2);
if (what === "run") run(directory, script, log, uid);
else {
  process.chdir(directory);
  console.log(treeLines().join("\n"));
}
