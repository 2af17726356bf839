/**
 * Rewrites a source file so that each `await` waits at a point with a name, where a scheduler decides when it goes on
 * (test/kit/schedule/point.ts). No line moves, so line numbers of traces and failures are those of the source.
 *
 *   await E                  becomes   await __point(E, NAME)
 *   await using x = E        becomes   await using x = __held(E, NAME)
 *   for await (const x of E) becomes   for await (const x of __points(E, NAME))
 *
 * NAME is "cache/writeback/pass.ts:57 writebackPass: pageUnlocked": file below src, line, function, and what is awaited.
 */
import { parseSync } from "oxc-parser";

const subjectLengthMax = 48;

/** @param {string} path below src, with forward slashes: whether its awaits are points */
export function hasPoints(path) {
  return /^(cache|files)\/.*\.ts$/.test(path);
}

/**
 * @param {string} path of the source below src, with forward slashes
 * @param {string} text the source, in TypeScript
 * @param {string} pointModule what the rewritten file imports the points from
 * @returns {string} the rewritten source; the same text when nothing in it waits
 */
export function instrument(path, text, pointModule) {
  const { program, errors } = parseSync(path, text, { sourceType: "module" });
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  const rewriting = new Rewriting(path, text);
  rewriting.visit(program, "module");
  const rewritten = rewriting.result();
  if (rewritten === text) return text;
  return `import { held as __held, point as __point, points as __points } from ${JSON.stringify(pointModule)}; ${rewritten}`;
}

class Rewriting {
  #insertions = [];
  #lineStarts = [0];

  constructor(path, text) {
    this.path = path;
    this.text = text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#lineStarts.push(at + 1);
  }

  /** @param {object} node @param {string} within the name of the function around it */
  visit(node, within) {
    const name = functionName(node, within);
    const wrappings = wrappingsOf(node);
    for (const { call, around } of wrappings) this.#insert(around.start, `${call}(`);
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (typeof child?.type === "string") this.visit(child, name);
      }
    }
    for (const { around } of wrappings) {
      const point = `${this.path}:${this.#lineOf(node.start)} ${name}: ${this.#subject(around)}`;
      this.#insert(around.end, `, ${JSON.stringify(point)})`);
    }
  }

  /** The text with everything put in; what was put in at one place stays in the order in which it was. */
  result() {
    const pieces = [];
    let done = 0;
    for (const { at, text } of this.#insertions.toSorted((one, other) => one.at - other.at)) {
      pieces.push(this.text.slice(done, at), text);
      done = at;
    }
    return pieces.join("") + this.text.slice(done);
  }

  #insert(at, text) {
    this.#insertions.push({ at, text });
  }

  /** What is awaited: of a call, what is called. */
  #subject(expression) {
    let inner = expression;
    while (/^(AwaitExpression|ParenthesizedExpression|CallExpression|TSNonNullExpression)$/.test(inner.type)) {
      if (inner.type === "CallExpression" && inner.callee.type === "ParenthesizedExpression") break;
      inner = inner.argument ?? inner.callee ?? inner.expression;
    }
    const text = this.text.slice(inner.start, inner.end).replace(/\s+/g, " ");
    return text.length <= subjectLengthMax ? text : `${text.slice(0, subjectLengthMax - 1)}…`;
  }

  #lineOf(offset) {
    return this.#lineStarts.findLastIndex((start) => start <= offset) + 1;
  }
}

/** The expressions of a node that are put into a call, and which. */
function wrappingsOf(node) {
  if (node.type === "AwaitExpression") return [{ call: "__point", around: node.argument }];
  if (node.type === "ForOfStatement" && node.await) return [{ call: "__points", around: node.right }];
  if (node.type !== "VariableDeclaration" || node.kind !== "await using") return [];
  return node.declarations.map(({ init }) => ({ call: "__held", around: init }));
}

/** The name of a node that is a function or gives one its name, or else the name of the function around it. */
function functionName(node, within) {
  const named = node.type === "FunctionDeclaration" ? node.id : namesFunction(node);
  if (named === undefined || named === null) return within;
  return named.type === "PrivateIdentifier" ? `#${named.name}` : (named.name ?? within);
}

function namesFunction(node) {
  const isFunction = (value) => /^(ArrowFunction|Function)Expression$/.test(value?.type ?? "");
  if (node.type === "MethodDefinition") return node.key;
  if (node.type === "VariableDeclarator" && isFunction(node.init)) return node.id;
  if (/^Property(Definition)?$/.test(node.type) && isFunction(node.value)) return node.key;
  return undefined;
}
