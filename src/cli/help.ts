/** The help that a person reads, made from the verbs' tables. */
import type { OptionSpecification, Verb } from "./verb.ts";

const width = 80;

export function topHelp(verbs: readonly Verb[]): string {
  const example = verbs.find((verb) => verb.example !== undefined)?.example;
  const lines = verbs.map((verb) => entry(`  ${`${verb.name} ${verb.synopsis}`.padEnd(20)}`, verb.summary, 24));
  return [
    "Usage: holdfast VERB [ARGUMENTS] [OPTIONS]",
    "",
    "A write-back page cache for files that live somewhere else.",
    "",
    ...lines,
    "",
    ...(example === undefined ? [] : [`As in: ${example}`, ""]),
    "Each verb explains itself: holdfast VERB --help. The version: holdfast --version.",
    "Exit status: 0 all is well; 1 something failed, was refused or was left undelivered;",
    "2 the command line makes no sense.",
  ].join("\n");
}

export function verbHelp(verb: Verb): string {
  const options = Object.entries(verb.options).map(([name, option]) => entry(flag(name, option), option.summary, 30));
  return [
    `Usage: ${["holdfast", verb.name, verb.synopsis, "[OPTIONS]"].filter(Boolean).join(" ")}`,
    "",
    ...wrap(verb.summary, width),
    "",
    verb.description,
    "",
    "Options:",
    ...options,
  ].join("\n");
}

function flag(name: string, option: OptionSpecification): string {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  return `  ${short}--${name}${option.value === undefined ? "" : ` ${option.value}`}`;
}

/** A left column and a text that wraps beside it. */
function entry(left: string, text: string, column: number): string {
  const [first = "", ...rest] = wrap(text, width - column);
  const head = left.length < column ? `${left.padEnd(column)}${first}` : `${left}\n${" ".repeat(column)}${first}`;
  return [head, ...rest.map((line) => " ".repeat(column) + line)].join("\n");
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return line === "" ? lines : [...lines, line];
}
