/** The list of counters and gauges in docs/simulation.md is whole. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bookNames } from "./books.ts";

test("the document says of each counter and gauge what it is compared with", () => {
  const text = readFileSync(new URL("../../docs/simulation.md", import.meta.url), "utf8");
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));
  expect(bookNames.length).toBeGreaterThan(30);
  for (const name of bookNames) {
    expect(
      rows.filter((row) => (row.split("|")[1] ?? "").includes(`\`${name}\``)),
      name,
    ).toHaveLength(1);
  }
});
