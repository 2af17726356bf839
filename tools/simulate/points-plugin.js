/**
 * The plugin of the test runner that puts points into the sources that tests import: every `await` of src/cache and
 * src/files is one that a scheduler may decide (instrument.js).
 */
import { fileURLToPath } from "node:url";
import { rewritingPlugin } from "../rewriting-plugin.js";
import { hasPoints, instrument } from "./instrument.js";

const sources = fileURLToPath(new URL("../../src", import.meta.url));
const pointModule = fileURLToPath(new URL("../../test/kit/schedule/point.ts", import.meta.url));

/** @returns {ReturnType<typeof rewritingPlugin>} */
export function pointsPlugin() {
  return rewritingPlugin("points", sources, (path, text) =>
    hasPoints(path) ? instrument(path, text, pointModule) : undefined,
  );
}
