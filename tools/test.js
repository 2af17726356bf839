/**
 * `npm test`: installs what is missing, builds, and runs every test. Arguments go to the test runner, so that
 * `npm test -- test/unit` runs a part.
 */
import { join } from "node:path";
import { prepare, root, runOrExit } from "./setup.js";

prepare("test");
runOrExit(process.execPath, [join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...process.argv.slice(2)]);
