/** The engine takes the settings for a server: one that it does not know would be printed as an error at every mount. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { servingFlags } from "../../../src/system/compiler.ts";

test("the engine knows what it is told about compiling", async () => {
  const script = `for (const flag of ${JSON.stringify(servingFlags)}) require("node:v8").setFlagsFromString(flag)`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["-e", script], { timeout: 30_000 });
  expect(stdout + stderr).toBe("");
});
