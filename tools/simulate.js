/**
 * `npm run simulate -- OPTIONS`: builds the simulation when its sources have changed, and runs it. With `--plant NAME` it
 * plants a mistake in the sources first (tools/simulate/plants.js) and tells how many seeds find it.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildSimulation } from "./simulate/build.js";
import { hunt } from "./simulate/hunt.js";

const root = fileURLToPath(new URL("..", import.meta.url));

function run(parameters) {
  const { status, signal, error } = spawnSync(process.execPath, [buildSimulation(root, undefined), ...parameters], {
    cwd: root,
    stdio: "inherit",
  });
  if (error !== undefined) throw error;
  return signal === null ? status : 1;
}

const parameters = process.argv.slice(2);
const at = parameters.findIndex((parameter) => parameter === "--plant" || parameter.startsWith("--plant="));
if (at < 0) {
  process.exitCode = run(parameters);
} else {
  const [, name] = parameters[at].includes("=") ? parameters[at].split("=") : [undefined, parameters[at + 1]];
  const rest = parameters.toSpliced(at, parameters[at].includes("=") ? 1 : 2);
  process.exitCode = hunt(root, name ?? "", rest);
}
