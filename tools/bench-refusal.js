/** `npm run bench:refusal`: installs what is missing, builds, and has a server say no to Holdfast, sshfs and rclone. */
import { join } from "node:path";
import { becomeProgram, prepare, root, runOrExit } from "./setup.js";

const words = process.argv.slice(2);
prepare(words.includes("--help") || words.includes("-h") ? "help" : "bench:refusal");
runOrExit(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "bench/refusal"]);
const program = join(root, "dist", "bench-refusal", "bench", "refusal", "run.js");
becomeProgram(process.execPath, [program, ...words]);
