/**
 * Rewrites a source file so that a recorder (test/kit/schedule/footprint.ts) hears which fields of which objects it reads
 * and writes. A search over orders then knows which turns have nothing to do with each other. No line moves.
 *
 *   a.b                        becomes   __access(a, "b", READS).b
 *   a.b = E, a.b += E          become    __access(a, "b", WRITES).b = E, ...
 *   a.b += E; as a statement   becomes   __access(a, "b", ADDS).b += E    (two of them commute)
 *   a[E]                       becomes   __access(a, "[]", READS)[E]
 *   const { b } = E            becomes   const { b } = __parts(E, {"b":0})
 *   ({ b }) => E               becomes   (__0) => { let { b } = __parts(__0, {"b":0}); return (E); }
 *   for (const x of E), ...E   become    for (const x of __items(E)), ...__items(E)
 *   new A(E), {...}, [...]     become    __made(new A(E)), __made({...}), __made([...])
 *   x, of a `let` that a closure has    becomes   (__variable(SITE, READS), x)
 */
import { parseSync } from "oxc-parser";

const READS = 1;
const WRITES = 2;
const ADDS = 4;

/** Calls of these read what they are given, byte by byte. */
const readers = new Set(["set", "concat", "compare", "from", "copy", "equals"]);
const wrappers = /^(ParenthesizedExpression|TSNonNullExpression|TSAsExpression|TSSatisfiesExpression)$/;

/** @param {string} path below the project, with forward slashes: whether its accesses are recorded */
export function isRecorded(path) {
  return /^(src\/(base|port|cache|files|stores\/memory)\/|test\/kit\/(cached-file|rescue-in-memory)).*\.ts$/.test(path);
}

/**
 * @param {string} path of the source
 * @param {string} text the source, in TypeScript
 * @param {string} recorder what the rewritten file imports the recorder from
 * @returns {string} the rewritten source
 */
export function recordAccesses(path, text, recorder) {
  const { program, errors } = parseSync(path, text, { sourceType: "module" });
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  const rewriting = new Rewriting(path, text, program);
  rewriting.visit(program, []);
  const names = ["access", "items", "made", "parts", "readsOf", "variable"].map((name) => `${name} as __${name}`);
  return `import { ${names.join(", ")} } from ${JSON.stringify(recorder)}; ${rewriting.result()}`;
}

class Rewriting {
  #edits = [];
  #parameterCount = 0;

  constructor(path, text, program) {
    this.path = path;
    this.text = text;
    this.shared = sharedVariables(program);
  }

  /** @param {object} node @param {object[]} above what it stands in, the nearest last */
  visit(node, above) {
    if (node.type.startsWith("TS") && !wrappers.test(node.type)) return;
    if (node.type === "ImportDeclaration") return;
    const ends = this.#before(node, above);
    const here = [...above, node];
    for (const [key, value] of Object.entries(node)) {
      if ((key === "params" && ends.skipsParams) || (key === "callee" && node.type === "NewExpression")) continue;
      for (const child of Array.isArray(value) ? value : [value]) {
        if (typeof child?.type === "string") this.visit(child, here);
      }
    }
    for (const [at, text] of ends.texts) this.#put(at, text);
  }

  /** Puts in what stands before the node's children; answers what has to stand after them. */
  #before(node, above) {
    const parent = above.at(-1);
    if (node.type === "MemberExpression") return this.#member(node, above);
    if (/^(ObjectExpression|ArrayExpression|NewExpression)$/.test(node.type)) return this.#wrap(node, "__made(", ")");
    if (node.type === "SpreadElement") return this.#wrap(node.argument, "__items(", ")");
    if (node.type === "CallExpression") return this.#call(node);
    if (node.type === "ForOfStatement" && !node.await) return this.#loop(node);
    if (node.type === "VariableDeclarator" && node.init !== null && isPattern(node.id)) {
      return this.#wrap(node.init, "__parts(", `, ${partsOf(node.id)})`);
    }
    if (node.params !== undefined && node.body !== null && node.body !== undefined) return this.#parameters(node);
    if (node.type === "Identifier") return this.#identifier(node, parent, above);
    return { texts: [] };
  }

  #wrap(node, before, after) {
    this.#put(node.start, before);
    return { texts: [[node.end, after]] };
  }

  #member(node, above) {
    if (node.object.type === "Super") return { texts: [] };
    const name = node.computed ? "[]" : node.property.name;
    const inChain =
      above.some(({ type }) => type === "ChainExpression") && !node.optional && isAfterOptional(node.object);
    const ends = this.#wrap(node.object, "__access(", `, ${JSON.stringify(name)}, ${modeOf(node, above)})`);
    if (inChain) ends.texts.push([node.object.end, node.computed ? "?." : "?"]);
    return ends;
  }

  #call(node) {
    const name = node.callee.type === "MemberExpression" ? node.callee.property.name : undefined;
    if (!readers.has(name)) return { texts: [] };
    const given = node.arguments.filter(({ type }) => type !== "SpreadElement");
    for (const one of given) this.#put(one.start, "__readsOf(");
    return { texts: given.map((one) => [one.end, ")"]) };
  }

  #loop(node) {
    const left = node.left.type === "VariableDeclaration" ? node.left.declarations[0].id : node.left;
    const parts = isPattern(left) ? `, ${partsOf(left)}` : "";
    return this.#wrap(node.right, "__items(", `${parts})`);
  }

  /** Patterns of parameters are taken apart in the body, where the object has a name. */
  #parameters(node) {
    const patterns = node.params.map((one) => (one.type === "AssignmentPattern" ? one.left : one)).filter(isPattern);
    if (patterns.length === 0) return { texts: [] };
    let taken = "";
    for (const pattern of patterns) {
      const name = `__${this.#parameterCount++}`;
      const end = pattern.typeAnnotation?.start ?? pattern.end;
      taken += `let ${this.text.slice(pattern.start, end)} = __parts(${name}, ${partsOf(pattern)}); `;
      this.#edits.push({ at: pattern.start, end, text: name, order: this.#edits.length });
    }
    if (node.body.type === "BlockStatement" || node.body.type === "FunctionBody") {
      const start = node.body.start + 1;
      if (node.expression !== true) {
        this.#put(start, taken);
        return { texts: [], skipsParams: true };
      }
    }
    this.#put(node.body.start, `{ ${taken}return (`);
    return { texts: [[node.body.end, "); }"]], skipsParams: true };
  }

  #identifier(node, parent, above) {
    const site = this.shared.get(node);
    if (site === undefined || parent.id === node) return { texts: [] };
    if (parent.shorthand)
      throw new Error(`${this.path}: a shared variable in a shorthand is not recorded: ${node.name}`);
    const sets = /^(Assignment|Update)Expression$/.test(parent.type) && parent.right !== node;
    const around = sets ? parent : node;
    if (sets && above.length < 2) return { texts: [] };
    const name = JSON.stringify(`${this.path}:${site}`);
    if (!sets) return this.#wrap(around, `(__variable(${name}, ${READS}), `, ")");
    this.#put(around.start, `(__variable(${name}, ${WRITES}), `);
    return { texts: [[around.end, ")"]] };
  }

  #put(at, text) {
    this.#edits.push({ at, end: at, text, order: this.#edits.length });
  }

  result() {
    const pieces = [];
    let done = 0;
    for (const { at, end, text } of this.#edits.toSorted(
      (one, other) => one.at - other.at || one.order - other.order,
    )) {
      pieces.push(this.text.slice(done, at), text);
      done = end;
    }
    return pieces.join("") + this.text.slice(done);
  }
}

function isPattern({ type }) {
  return type === "ObjectPattern" || type === "ArrayPattern";
}

/** What a pattern takes, as an object of objects: { a, b: { c } } takes {"a":0,"b":{"c":0}}. */
function partsOf(pattern) {
  return JSON.stringify(describeParts(pattern));
}

function describeParts(pattern) {
  if (pattern?.type === "AssignmentPattern") return describeParts(pattern.left);
  if (pattern === null || pattern === undefined || !isPattern(pattern)) return 0;
  const isObject = pattern.type === "ObjectPattern";
  const entries = isObject
    ? pattern.properties.map((one) =>
        one.type === "RestElement" ? ["*", 0] : [one.key.name ?? "*", describeParts(one.value)],
      )
    : pattern.elements.map((one, at) => [String(at), describeParts(one)]);
  return Object.fromEntries(entries);
}

function modeOf(node, above) {
  const outer = above.findLast(({ type }) => !wrappers.test(type));
  const depth = above.lastIndexOf(outer);
  const inner = above[depth + 1] ?? node;
  if (outer?.type === "UnaryExpression" && outer.operator === "delete") return WRITES;
  const isTarget =
    outer?.type === "UpdateExpression" || (outer?.type === "AssignmentExpression" && outer.left === inner);
  if (!isTarget) return READS;
  const isStatement = above[depth - 1]?.type === "ExpressionStatement";
  const adds = outer.type === "UpdateExpression" || outer.operator === "+=" || outer.operator === "-=";
  return adds && isStatement ? ADDS : WRITES;
}

/** Whether an optional access comes before in the same chain. */
function isAfterOptional(node) {
  if (node.optional === true) return true;
  const before =
    node.type === "CallExpression"
      ? node.callee
      : (node.object ?? (wrappers.test(node.type) ? node.expression : undefined));
  return before !== undefined && isAfterOptional(before);
}

/** The mentions of each `let` that a closure uses, by node, with the place where it is declared. */
function sharedVariables(program) {
  const variables = [];
  const mentions = [];
  const walk = (node, within, block) => {
    const inner = node.params !== undefined && node.body ? node : within;
    const here = /^(BlockStatement|FunctionBody|For.*Statement|Program)$/.test(node.type) ? node : block;
    if (node.type === "VariableDeclaration" && node.kind === "let") {
      for (const { id } of node.declarations) {
        if (id.type === "Identifier") variables.push({ name: id.name, within: inner, block: here, at: id.start });
      }
    }
    for (const [key, child] of childrenOf(node)) {
      const isName = (key === "property" && !node.computed) || (key === "key" && !node.computed && !node.shorthand);
      if (child.type === "Identifier" && !isName) mentions.push({ node: child, within: inner });
      walk(child, inner, here);
    }
  };
  walk(program, undefined, program);
  const found = new Map();
  for (const { name, within, block, at } of variables) {
    const its = mentions.filter(({ node }) => node.name === name && node.start >= block.start && node.end <= block.end);
    if (its.every((one) => one.within === within)) continue;
    for (const { node } of its) found.set(node, `${name}@${at}`);
  }
  return found;
}

function childrenOf(node) {
  return Object.entries(node).flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((child) => typeof child?.type === "string")
      .map((child) => [key, child]),
  );
}
