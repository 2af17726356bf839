/**
 * `npm run simulate -- OPTIONS`: builds the simulation when its sources have changed, and runs it. With `--plant NAME` it
 * plants a mistake in the sources first (tools/simulate/plants.js) and tells how many seeds find it.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildSimulation } from "./simulate/build.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const { status, signal, error } = spawnSync(
  process.execPath,
  [buildSimulation(root, undefined), ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: "inherit",
  },
);
if (error !== undefined) throw error;
process.exitCode = signal === null ? status : 1;
