/**
 * A file of the project as the style rules see it: its text by lines and, for source code, its syntax tree and comments
 * from a real parser, so that a word in a string is never taken for code.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "oxc-parser";

const sourcePattern = /\.(ts|js|mjs)$/;
const functionTypes = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

export class SourceFile {
  /** @param {string} root @param {string} path relative to the root, with forward slashes */
  constructor(root, path) {
    this.root = root;
    this.path = path;
    this.text = readFileSync(join(root, path), "utf8");
    this.lineStarts = [0];
    for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1)) this.lineStarts.push(at + 1);
    this.isSource = sourcePattern.test(path) && !path.endsWith(".d.ts");
    this.comments = [];
    this.nodes = [];
    this.parseError = undefined;
    if (this.isSource) this.#parse();
  }

  get lineCount() {
    return this.text.endsWith("\n") ? this.lineStarts.length - 1 : this.lineStarts.length;
  }

  /** The line number, from 1, of an offset. */
  lineOf(offset) {
    let low = 0;
    let high = this.lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.lineStarts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  get functions() {
    return this.nodes.filter((node) => functionTypes.has(node.type));
  }

  get calls() {
    return this.nodes.filter((node) => node.type === "CallExpression");
  }

  /** Import and re-export specifiers, as { specifier, start }. */
  get imports() {
    const found = [];
    for (const node of this.nodes) {
      const named = /^(Import|Export(Named|All))Declaration$/.test(node.type);
      if ((named || node.type === "ImportExpression") && typeof node.source?.value === "string") {
        found.push({ specifier: node.source.value, start: node.start });
      }
    }
    return found;
  }

  #parse() {
    const result = parseSync(this.path, this.text, { sourceType: "module" });
    this.parseError = result.errors[0]?.message;
    this.program = result.program;
    this.comments = result.comments;
    this.#collect(result.program, null);
  }

  /** Flattens the tree, giving each node its parent. */
  #collect(node, parent) {
    if (typeof node.type === "string") {
      Object.defineProperty(node, "parent", { value: parent, enumerable: false });
      this.nodes.push(node);
    }
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) {
        for (const item of value) if (item !== null && typeof item === "object") this.#collect(item, node);
      } else if (value !== null && typeof value === "object" && !(value instanceof RegExp)) {
        this.#collect(value, node);
      }
    }
  }
}
