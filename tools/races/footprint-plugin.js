/** The plugin of the test runner that has accesses recorded in the sources that races import (record-accesses.js). */
import { fileURLToPath } from "node:url";
import { rewritingPlugin } from "../rewriting-plugin.js";
import { isRecorded, recordAccesses } from "./record-accesses.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const recorder = fileURLToPath(new URL("../../test/kit/schedule/footprint.ts", import.meta.url));

/** @returns {ReturnType<typeof rewritingPlugin>} */
export function footprintPlugin() {
  return rewritingPlugin("footprints", root, (path, text) =>
    isRecorded(path) ? recordAccesses(path, text, recorder) : undefined,
  );
}
