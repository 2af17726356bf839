/** Where the project is, from where the built benchmarks run: dist/bench/mount. */
import { fileURLToPath } from "node:url";

export const projectRoot: string = fileURLToPath(new URL("../../..", import.meta.url));
