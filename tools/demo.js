/** `npm run demo`: installs what is missing, builds, and tells what happens when a store says no. */
import { join } from "node:path";
import { becomeProgram, prepare, root, runOrExit } from "./setup.js";
import { misused, readArguments } from "./usage.js";

const usage = `npm run demo
  Tells as it happens what becomes of written bytes when the store says no, with a real directory as the server: a permission
  that is taken away, a conflict, and a medium that is taken out. It needs no mount and no root, and leaves nothing behind.`;
const { words } = readArguments("npm run demo", usage);
if (words.length > 0) misused("npm run demo", `it takes no arguments, not ${words.join(" ")}`);
prepare("demo");
runOrExit(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-b", "demo"]);
becomeProgram(process.execPath, [join(root, "dist", "demo", "run.js")]);
