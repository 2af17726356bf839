/**
 * Rules about what code may say: which globals each room may name, no silenced checks, no left-over marks, and tests that
 * neither hide nor sleep.
 */
const innerRooms = /^src\/(base|port|cache|files)\//;
const clockedRooms = /^src\/(base|port|cache|files|stores|contract|index)\b/;
const platformFiles = new Set(["src/base/platform.ts", "src/base/clock.ts", "src/base/file-name.ts"]);
const platformNames = new Set(["process", "Buffer", "console", "require", "globalThis", "setImmediate"]);
const timeNames = new Set(["setTimeout", "setInterval", "performance"]);
const timeMembers = new Set(["Date.now", "Math.random"]);
const silencers = /@ts-(ignore|nocheck|expect-error)|biome-ignore|eslint-disable|(v8|c8|istanbul) ignore/;
const marks = /\b(TODO|FIXME|XXX|HACK)\b/;
const reason = /\b(because|needs?|requires?|without|runs as)\b/;

const isSource = (file) => file.isSource;
const isTest = (file) => /^test\/.*\.test\.ts$/.test(file.path);

/** An identifier that is a name of its own: no member, no key, no label of a type. */
function isReference(node) {
  const parent = node.parent;
  if (parent === null) return true;
  if (parent.type === "MemberExpression") return parent.object === node;
  if (/^(Property|PropertyDefinition|MethodDefinition|TSPropertySignature|TSMethodSignature)$/.test(parent.type)) {
    return parent.key !== node || parent.computed;
  }
  return !/^(TSQualifiedName|ImportSpecifier|ExportSpecifier)$/.test(parent.type);
}

function memberName(node) {
  return node.type === "MemberExpression" && !node.computed ? `${node.object.name}.${node.property.name}` : "";
}

/** The names a file may not use, decided by its room. */
function bannedIn(path) {
  if (platformFiles.has(path)) return () => false;
  const platform = innerRooms.test(path);
  const time = clockedRooms.test(path);
  const output = path.startsWith("src/") && !path.startsWith("src/cli/");
  return (name) =>
    (platform && platformNames.has(name)) ||
    (time && (timeNames.has(name) || timeMembers.has(name))) ||
    (output && name === "console");
}

function textOf(node) {
  if (node?.type === "Literal" && typeof node.value === "string") return node.value;
  if (node?.type === "TemplateLiteral") return node.quasis.map((quasi) => quasi.value.raw).join("");
  return "";
}

/** The words a skipping call prints: its own texts, and those of the call it returns into, as in `it.skipIf(x)("...")`. */
function wordsOfSkip(call) {
  const outer = call.parent?.type === "CallExpression" && call.parent.callee === call ? call.parent.arguments : [];
  return [...call.arguments, ...outer].map(textOf).join(" ");
}

/** A skip inside a running test prints its note; any other skip prints nothing but the title, which must say why. */
function givesReason(call) {
  const words = wordsOfSkip(call);
  const isNote = call.callee.property.name === "skip" && call.arguments.length === 1;
  return isNote ? words !== "" : reason.test(words);
}

export const rulesOfCode = [
  {
    name: "banned-names",
    sentence: "inner rooms name no platform and no clock; only the command prints",
    appliesTo: (file) => file.isSource && file.path.startsWith("src/"),
    check(file, { visit, complain }) {
      const banned = bannedIn(file.path);
      for (const node of file.nodes) {
        if (node.type !== "Identifier" && node.type !== "MemberExpression") continue;
        visit();
        const name = node.type === "Identifier" ? (isReference(node) ? node.name : "") : memberName(node);
        if (name !== "" && banned(name)) complain(file.lineOf(node.start), `${name} is not for this room`);
      }
    },
  },
  {
    name: "any",
    sentence: "nothing has the type any",
    appliesTo: (file) => file.isSource && file.path.endsWith(".ts"),
    check(file, { visit, complain }) {
      visit();
      for (const node of file.nodes) {
        if (node.type === "TSAnyKeyword") complain(file.lineOf(node.start), "the type any");
      }
    },
  },
  {
    name: "silenced-check",
    sentence: "no comment silences the compiler, the linter or the coverage",
    appliesTo: isSource,
    check(file, { visit, complain }) {
      for (const comment of file.comments) {
        visit();
        const found = silencers.exec(comment.value);
        if (found !== null) complain(file.lineOf(comment.start), `the comment says ${found[0]}`);
      }
    },
  },
  {
    name: "left-over-mark",
    sentence: "no comment promises work for later",
    appliesTo: isSource,
    check(file, { visit, complain }) {
      for (const comment of file.comments) {
        visit();
        const found = marks.exec(comment.value);
        if (found !== null) complain(file.lineOf(comment.start), `the comment says ${found[0]}`);
      }
    },
  },
  {
    name: "hidden-tests",
    sentence: "no test runs alone; a skipped one prints its reason (because, needs, without)",
    appliesTo: isTest,
    check(file, { visit, complain }) {
      for (const call of file.calls) {
        const name = call.callee.type === "MemberExpression" ? call.callee.property.name : "";
        visit();
        const line = file.lineOf(call.start);
        if (name === "only") complain(line, "a test runs alone");
        if (/^(skip|skipIf|runIf|todo)$/.test(name) && !givesReason(call)) {
          complain(line, `${name} without a printed reason`);
        }
      }
    },
  },
  {
    name: "sleeping-tests",
    sentence: "no test waits for a fixed time; it waits for the event, with a bound",
    appliesTo: isTest,
    check(file, { visit, complain }) {
      for (const call of file.calls) {
        visit();
        const sleeps = call.callee.name === "setTimeout" && call.arguments[0]?.type === "Identifier";
        if (sleeps) complain(file.lineOf(call.start), "a sleep");
      }
    },
  },
  {
    name: "tests-that-can-fail",
    sentence: "each test file expects something",
    appliesTo: isTest,
    check(file, { visit, complain }) {
      visit();
      const expects = file.calls.some((call) =>
        /expect|assert|Contract/.test(file.text.slice(call.start, call.callee.end)),
      );
      if (!expects) complain(1, "nothing is expected");
    },
  },
];
