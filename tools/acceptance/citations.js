/**
 * The ids that titles of tests cite in brackets, as in `[S0.10] [G4]`, read from the source of the tests without running
 * them, and the form of such a citation.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseSync, Visitor } from "oxc-parser";

const idPattern = /^(?:S\d\.R?\d+|G\d+)$/;

/** What a title has in brackets that looks like ids: { ids, malformed }. */
export function idsIn(title) {
  const cited = [...title.matchAll(/\[([SG]\d[^\]]*)\]/g)].map(([, text]) => text);
  return {
    ids: [...new Set(cited.filter((text) => idPattern.test(text)))],
    malformed: cited.filter((text) => !idPattern.test(text)),
  };
}

/** The words of a title, as far as they stand in the source. */
function titleOf(node) {
  if (node?.type === "Literal") return String(node.value);
  if (node?.type === "TemplateLiteral") return node.quasis.map((quasi) => quasi.value.raw).join("");
  return "";
}

/** The name that a call like `it(...)`, `it.each(...)(...)` or `describe.skipIf(...)(...)` begins with. */
function callee(node) {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MemberExpression") return callee(node.object);
  if (node.type === "CallExpression") return callee(node.callee);
  return node.type === "TaggedTemplateExpression" ? callee(node.tag) : "";
}

function titlesIn(path) {
  const titles = [];
  const { program } = parseSync(path, readFileSync(path, "utf8"));
  const visitor = new Visitor({
    CallExpression(call) {
      if (["it", "test", "describe"].includes(callee(call.callee))) titles.push(titleOf(call.arguments[0]));
    },
  });
  visitor.visit(program);
  return titles;
}

/** Every title of a test that cites an id, as { path, title }, the path relative to the root. */
export function citingTitles(root) {
  const files = readdirSync(join(root, "test"), { recursive: true }).filter((name) => name.endsWith(".test.ts"));
  return files.flatMap((file) => {
    const path = join(root, "test", file);
    const titles = titlesIn(path).filter((title) => /\[[SG]\d/.test(title));
    return titles.map((title) => ({ path: relative(root, path), title }));
  });
}

/** What is wrong with the citations: ids that no document has, and brackets that are no id. */
export function mistakesOf(titles, known) {
  return titles.flatMap(({ path, title }) => {
    const { ids, malformed } = idsIn(title);
    return [
      ...ids.filter((id) => !known.has(id)).map((id) => `${path}: there is no ${id}, which a title cites: ${title}`),
      ...malformed.map((text) => `${path}: [${text}] is no id: ${title}`),
    ];
  });
}
