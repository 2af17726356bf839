/** The table of docs/acceptance.md gives every error code the class and the default action that the cache gives it. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { errorCodes, Failure } from "../../../src/base/index.ts";
import { classify } from "../../../src/cache/refusal/classify.ts";
import { actionFor, completeRefusalOptions } from "../../../src/cache/refusal/policy.ts";
import { type RefusalClass, VersionConflict } from "../../../src/port/index.ts";

const path = fileURLToPath(new URL("../../../docs/acceptance.md", import.meta.url));

it("[S0.12] every code has its class and its action in the document", async () => {
  const [, text = ""] = /^## Classes of refusal\n([\s\S]*?)^## /m.exec(await readFile(path, "utf8")) ?? [];
  const rows = [...text.matchAll(/^\| (\w+) \| [^|]+ \| ([^|]+) \| (?!default)(\w+) \|$/gm)];
  const documented = new Map<string, string>();
  const actions = new Map<string, string>();
  for (const [, refusalClass = "", codes = "", action = ""] of rows) {
    actions.set(refusalClass, action);
    for (const code of codes.split(" ")) if (/^E[A-Z0-9]+$/.test(code)) documented.set(code, refusalClass);
  }
  expect(documented).toEqual(new Map(errorCodes.map((code) => [code, classify(new Failure(code))])));
  expect(actions.has(classify(new VersionConflict("1")))).toBe(true);
  const options = completeRefusalOptions({});
  for (const [refusalClass, action] of actions) {
    expect(actionFor(options, refusalClass as RefusalClass), refusalClass).toBe(action);
  }
  expect(actions.size).toBe(8);
});
