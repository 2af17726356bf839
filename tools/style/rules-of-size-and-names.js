/**
 * Rules about how large things may be, what they are called, and what a file must say of itself at its head.
 * A rule has a name, a sentence, the files it is for, and a check that reports to `visit` and `complain`.
 */
const linesPerFileMax = 400;
const linesPerFunctionMax = 70;
const vagueNames = new Set(["util", "utils", "helper", "helpers", "common", "misc", "shared", "stuff", "lib"]);

const isSource = (file) => file.isSource;
const inSource = (file) => file.isSource && file.path.startsWith("src/");
const explained = (file) => file.isSource && /^(src|tools|bench|bin|test\/kit)\//.test(file.path);

/** The callback of `describe` holds a whole chapter of tests and may be long; each test in it may not. */
function isChapter(file, node) {
  const call = node.parent;
  if (call?.type !== "CallExpression" || call.callee === node) return false;
  return /^describe\b/.test(file.text.slice(call.callee.start, call.callee.end));
}

/** Whether a function is a class's or an object's method, so that its length is counted with its name. */
function startOf(node) {
  return node.parent?.type === "MethodDefinition" ? node.parent.start : node.start;
}

export const rulesOfSizeAndNames = [
  {
    name: "file-length",
    sentence: `no file is longer than ${linesPerFileMax} lines`,
    appliesTo: isSource,
    check(file, { visit, complain }) {
      visit();
      if (file.lineCount > linesPerFileMax) complain(1, `the file has ${file.lineCount} lines`);
    },
  },
  {
    name: "function-length",
    sentence: `no function is longer than ${linesPerFunctionMax} lines`,
    appliesTo: isSource,
    check(file, { visit, complain }) {
      for (const node of file.functions) {
        visit();
        if (isChapter(file, node)) continue;
        const first = file.lineOf(startOf(node));
        const length = file.lineOf(node.end) - first + 1;
        if (length > linesPerFunctionMax) complain(first, `the function has ${length} lines`);
      }
    },
  },
  {
    name: "head-comment",
    sentence: "each source file opens with a comment of at least one full sentence",
    appliesTo: explained,
    check(file, { visit, complain }) {
      visit();
      const code = file.program.body[0]?.start ?? file.text.length;
      const head = file.comments.filter((comment) => comment.start < code && !comment.value.startsWith("!"));
      const words = head.map((comment) => comment.value.replace(/^\s*\*/gm, " ")).join(" ");
      if (!/\S.{20,}?\.(\s|$)/.test(words.replace(/\s+/g, " "))) complain(1, "there is no head comment");
    },
  },
  {
    name: "file-name",
    sentence: "a file is named after its one concept, in kebab-case, and never utils, helpers or common",
    appliesTo: isSource,
    check(file, { visit, complain }) {
      visit();
      for (const part of file.path.replace(/\.[a-z.]+$/, "").split("/")) {
        if (vagueNames.has(part)) complain(1, `"${part}" names no concept`);
        else if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part)) complain(1, `"${part}" is not kebab-case`);
      }
    },
  },
  {
    name: "door",
    sentence: "an index.ts re-exports by name and holds no logic",
    appliesTo: (file) => inSource(file) && /(^|\/)index\.ts$/.test(file.path),
    check(file, { visit, complain }) {
      for (const statement of file.program.body) {
        visit();
        const line = file.lineOf(statement.start);
        if (statement.type === "ExportAllDeclaration") complain(line, "a door lists what it gives, one by one");
        else if (statement.type !== "ExportNamedDeclaration" || statement.source === null) {
          complain(line, "a door only re-exports");
        }
      }
    },
  },
];
