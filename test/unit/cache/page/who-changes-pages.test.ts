/** The bits of a page's state are set and cleared where the heads of page-state.ts and page.ts say, and nowhere else. */
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync, Visitor } from "oxc-parser";
import { expect, test } from "vitest";
import { pageTransitions } from "../../../../src/cache/page/page-state.ts";

const cache = fileURLToPath(new URL("../../../../src/cache", import.meta.url));

interface Source {
  /** As the tables name it: the last directory and the file. */
  readonly name: string;
  readonly text: string;
}

async function sources(): Promise<Source[]> {
  const paths = (await readdir(cache, { recursive: true })).filter((path) => path.endsWith(".ts"));
  return Promise.all(
    paths.map(async (path) => ({
      name: join(basename(dirname(path)), basename(path)),
      text: await readFile(join(cache, path), "utf8"),
    })),
  );
}

/** The files that the table in page-state.ts gives for each transition. */
async function documented(): Promise<Map<string, Set<string>>> {
  const text = await readFile(join(cache, "page", "page-state.ts"), "utf8");
  const filesByTransition = new Map<string, Set<string>>();
  for (const [, transitions = "", functions = ""] of text.matchAll(/^ \* \| ([a-zA-Z, ]+?) +\| (.*`.*) \|$/gm)) {
    const files = new Set([...functions.matchAll(/\(([^()]+\.ts)\)/g)].map(([, file = ""]) => file));
    for (const transition of transitions.split(", ")) filesByTransition.set(transition, files);
  }
  return filesByTransition;
}

/** The files in which each transition is made: calls of `transition` with a literal. */
async function made(): Promise<Map<string, Set<string>>> {
  const filesByTransition = new Map<string, Set<string>>();
  for (const { name, text } of await sources()) {
    const visitor = new Visitor({
      CallExpression({ callee, arguments: [first] }) {
        if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return;
        if (callee.property.name !== "transition") return;
        for (const [, transition = ""] of text.slice(first?.start, first?.end).matchAll(/"([a-zA-Z]+)"/g)) {
          filesByTransition.set(transition, (filesByTransition.get(transition) ?? new Set()).add(name));
        }
      },
    });
    visitor.visit(parseSync(name, text).program);
  }
  return filesByTransition;
}

test("[S1.6] each transition is made by the functions of the table, and each of these makes it", async () => {
  const table = await documented();
  const transitions = new Set(Object.values(pageTransitions).flatMap((row) => Object.keys(row)));
  expect(new Set(table.keys())).toEqual(transitions);
  expect(await made()).toEqual(table);
});

/** The files that the table in page.ts gives for each field of a page. */
async function documentedFields(): Promise<Map<string, Set<string>>> {
  const text = await readFile(join(cache, "page", "page.ts"), "utf8");
  const filesByField = new Map<string, Set<string>>();
  for (const [, fields = "", functions = ""] of text.matchAll(/^ \* \| (`.*?) \| (.*) \|$/gm)) {
    for (const [, field = ""] of fields.matchAll(/`(\w+)`/g)) {
      const files = filesByField.get(field) ?? new Set();
      for (const [file] of functions.matchAll(/[\w-]+\/[\w-]+\.ts/g)) files.add(file);
      filesByField.set(field, files);
    }
  }
  return filesByField;
}

test("[S1.6] each field of a page is changed by the functions that its table gives, and by no others", async () => {
  const table = await documentedFields();
  expect([...table.keys()]).toEqual(["valid", "dirty", "record", "sending", "unrescued", "locked"]);
  const all = await sources();
  for (const [field, files] of table) {
    const assignment = new RegExp(`\\.${field} (?:[?|&+-]*=)(?!=)`);
    const found = all.filter(({ text }) => assignment.test(text)).map(({ name }) => name);
    expect(new Set(found), field).toEqual(files);
  }
});

test("[S2.1] nothing but the commit of a write makes a page dirty", async () => {
  expect((await made()).get("dirtied")).toEqual(new Set([join("write", "commit.ts")]));
});
