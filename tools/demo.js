/** `npm run demo`: installs what is missing, builds, and tells what happens when a store says no. */
import { join } from "node:path";
import { prepare, root, runOrExit } from "./setup.js";

prepare("demo");
runOrExit(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-b", "demo"]);
runOrExit(process.execPath, [join(root, "dist", "demo", "run.js")]);
