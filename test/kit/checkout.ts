/** Where the project is: found by its own name, so that it is the same from the sources and from anything built of them. */
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const manifest: string = createRequire(import.meta.url).resolve("holdfast/package.json");

/** The checkout that this code belongs to, with a slash at its end. */
export const checkout: string = fileURLToPath(new URL(".", pathToFileURL(manifest)));
