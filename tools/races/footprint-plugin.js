/** The plugin of the test runner that has accesses recorded in the sources that races import (record-accesses.js). */
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { isRecorded, recordAccesses } from "./record-accesses.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const recorder = fileURLToPath(new URL("../../test/kit/schedule/footprint.ts", import.meta.url));

/** @returns {{ name: string, enforce: "pre", transform(code: string, id: string): { code: string, map: null } | undefined }} */
export function footprintPlugin() {
  return {
    name: "footprints",
    enforce: "pre",
    transform(code, id) {
      const path = relative(root, id.split("?", 1)[0]).split(sep).join("/");
      return isRecorded(path) ? { code: recordAccesses(path, code, recorder), map: null } : undefined;
    },
  };
}
