/**
 * Plants mistakes, one at a time, each in a build of its own, and tells how many seeds find it. No file of the project is
 * touched.
 */
import { spawnSync } from "node:child_process";
import { buildSimulation } from "./build.js";
import { plants } from "./plants.js";

const seedsMax = 100_000;

/**
 * @param {string} root of the project
 * @param {string} name of a plant, or "all"
 * @param {readonly string[]} parameters for the simulation besides
 * @returns {number} the exit status: 0 when each was found
 */
export function hunt(root, name, parameters) {
  const chosen = name === "all" ? plants : plants.filter((plant) => plant.name === name);
  if (chosen.length === 0) {
    console.error(
      `simulate: no such plant: ${name}; there are ${plants.map((plant) => plant.name).join(", ")}, and all`,
    );
    return 2;
  }
  let missed = 0;
  for (const plant of chosen) {
    const result = play(plant, root, parameters);
    if (typeof result === "number") return result;
    console.log(lineOf(plant, result));
    if (result.failure === undefined) missed += 1;
  }
  return missed === 0 ? 0 : 1;
}

/** One campaign, at its end or at the first seed that fails; an exit status when it could not be run. */
function play(plant, root, parameters) {
  const main = buildSimulation(root, plant);
  // Apart from what is really wrong.
  const failures = ["--failures", `dist/simulation/planted/${plant.name}`];
  const limit = parameters.some((parameter) => /^--(seeds|minutes)/.test(parameter)) ? [] : ["--seeds", `${seedsMax}`];
  const { status, stdout } = spawnSync(
    process.execPath,
    [main, "--json", "--whole", ...failures, ...limit, ...parameters],
    {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      maxBuffer: 256 << 20,
    },
  );
  return status === 0 || (status === 1 && stdout !== "") ? JSON.parse(stdout) : (status ?? 1);
}

function lineOf({ name, mistake }, { failure, from, seedCount }) {
  if (failure === undefined) return `NOT FOUND in ${seedCount} seeds  ${name}: ${mistake}`;
  const { seed, message } = failure;
  return `found by seed ${seed - from + 1}  ${name}: ${mistake}\n    ${message.split("\n")[0]}`;
}
