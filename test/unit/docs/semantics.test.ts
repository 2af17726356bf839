/** Every guarantee of docs/semantics.md is quoted by a test's title, and every quoted guarantee exists. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Node, parseSync, Visitor } from "oxc-parser";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

async function guarantees(): Promise<string[]> {
  const text = await readFile(join(root, "docs", "semantics.md"), "utf8");
  return [...text.matchAll(/^- \*\*(G\d+)\*\* /gm)].map(([, number]) => number ?? "");
}

/** The words of a title, as far as they stand in the source. */
function titleOf(node: Node | undefined): string {
  if (node?.type === "Literal") return String(node.value);
  if (node?.type === "TemplateLiteral") return node.quasis.map((quasi) => quasi.value.raw).join("");
  return "";
}

/** The name that a call like `it(...)`, `it.each(...)(...)` or `describe.skipIf(...)(...)` begins with. */
function callee(node: Node): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MemberExpression") return callee(node.object);
  return node.type === "CallExpression" || node.type === "TaggedTemplateExpression" ? callee(calleeOf(node)) : "";
}

function calleeOf(node: Node): Node {
  return node.type === "TaggedTemplateExpression" ? node.tag : node.type === "CallExpression" ? node.callee : node;
}

/** The titles of the tests in a file. */
async function titlesIn(path: string): Promise<string[]> {
  const titles: string[] = [];
  const { program } = parseSync(path, await readFile(path, "utf8"));
  const visitor = new Visitor({
    CallExpression(call) {
      if (["it", "test", "describe"].includes(callee(call.callee))) titles.push(titleOf(call.arguments[0]));
    },
  });
  visitor.visit(program);
  return titles;
}

async function quoted(): Promise<Map<string, string[]>> {
  const titlesByNumber = new Map<string, string[]>();
  const files = await readdir(join(root, "test"), { recursive: true });
  for (const file of files.filter((name) => name.endsWith(".test.ts"))) {
    for (const title of await titlesIn(join(root, "test", file))) {
      for (const [, number = ""] of title.matchAll(/\[(G\d+)\]/g)) {
        titlesByNumber.set(number, [...(titlesByNumber.get(number) ?? []), title]);
      }
    }
  }
  return titlesByNumber;
}

it("the guarantees are numbered from 1 without a gap", async () => {
  const numbers = await guarantees();
  expect(numbers.length).toBeGreaterThanOrEqual(26);
  expect(numbers).toEqual(numbers.map((_, index) => `G${index + 1}`));
});

it("each guarantee is quoted by the title of a test that proves it", async () => {
  const titles = await quoted();
  expect((await guarantees()).filter((number) => !titles.has(number))).toEqual([]);
});

it("no test quotes a guarantee that is not given", async () => {
  const known = new Set(await guarantees());
  const unknown = [...(await quoted())].filter(([number]) => !known.has(number));
  expect(unknown).toEqual([]);
});
