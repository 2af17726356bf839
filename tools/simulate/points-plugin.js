/**
 * The plugin of the test runner that puts points into the sources that tests import: every `await` of src/cache and
 * src/files is one that a scheduler may decide (instrument.js).
 */
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { hasPoints, instrument } from "./instrument.js";

const sources = fileURLToPath(new URL("../../src", import.meta.url));
const pointModule = fileURLToPath(new URL("../../test/kit/schedule/point.ts", import.meta.url));

/** @returns {{ name: string, enforce: "pre", transform(code: string, id: string): { code: string, map: null } | undefined }} */
export function pointsPlugin() {
  return {
    name: "points",
    enforce: "pre",
    transform(code, id) {
      const path = relative(sources, id.split("?", 1)[0]).split(sep).join("/");
      return hasPoints(path) ? { code: instrument(path, code, pointModule), map: null } : undefined;
    },
  };
}
