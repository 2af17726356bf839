/** The catalogue against the tests and against docs/acceptance.md: nothing is left out, and what is open is printed. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { citingTitles, idsIn } from "../../tools/acceptance/citations.js";
import { catalogue } from "./catalogue.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

function racedIds(): Set<string> {
  const titles = citingTitles(root).filter(({ path }) => path.startsWith("test/races/"));
  return new Set(titles.flatMap(({ title }) => idsIn(title).ids));
}

describe("the catalogue of races", () => {
  test("has every race of docs/acceptance.md", async () => {
    const text = await readFile(new URL("../../docs/acceptance.md", import.meta.url), "utf8");
    const asked = [...text.matchAll(/\*\*(S\d\.R\d+)\*\*/g)].map(([, id]) => id);
    expect(asked.length).toBeGreaterThan(10);
    const listed = catalogue.map(({ id }) => id);
    expect(asked.filter((id) => !listed.includes(id as string))).toEqual([]);
    expect(new Set(listed).size).toBe(listed.length);
  });

  test("is right about what is raced", () => {
    const raced = racedIds();
    for (const { id, open } of catalogue) expect(raced.has(id), id).toBe(open === undefined);
  });

  test("says what is open, and why", () => {
    const rows = catalogue.filter(({ open, missing }) => open !== undefined || missing !== undefined);
    const lines = rows.map(({ id, race, open, missing }) =>
      open === undefined ? `${id} in part: ${race}\n    without ${missing}` : `${id} open: ${race}\n    needs ${open}`,
    );
    console.log([`races: ${catalogue.length - rows.length} of ${catalogue.length} in full`, ...lines].join("\n"));
    for (const { open, missing } of rows) expect((open ?? missing)?.length).toBeGreaterThan(5);
  });
});
