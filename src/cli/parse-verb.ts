/** Reads the arguments of one verb by its table; whatever does not fit is one clear line and exit status 2. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { UsageError } from "./command-error.ts";
import type { Verb, VerbArguments } from "./verb.ts";

export function parseVerb(verb: Verb, argv: readonly string[]): VerbArguments {
  const { values, positionals } = parse(verb, argv);
  const asIn = verb.example === undefined ? `see ${helpOf(verb)}` : `as in: ${verb.example}`;
  const names = verb.synopsis.split(" ").slice(0, verb.positionalCountMin);
  if (positionals.length === 0 && names.length > 0) {
    throw new UsageError(`${verb.name} needs ${names.join(" and ")}, ${asIn}`);
  }
  const missing = names.slice(positionals.length);
  if (missing.length > 0) throw new UsageError(`${verb.name}: ${missing.join(" and ")} is missing, ${asIn}`);
  if (positionals.length > verb.positionalCountMax) {
    throw new UsageError(
      `${verb.name} takes ${verb.synopsis || "no arguments"}, not "${positionals.join(" ")}"; see ${helpOf(verb)}`,
    );
  }
  const empty = positionals.indexOf("");
  if (empty >= 0) throw new UsageError(`${verb.name}: ${verb.synopsis.split(" ")[empty] ?? "ID"} is empty, ${asIn}`);
  const texts: Record<string, string> = {};
  const switches = new Set<string>();
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "string") texts[name] = value;
    else if (value === true) switches.add(name);
  }
  return { positionals, values: texts, switches };
}

function parse(verb: Verb, argv: readonly string[]): ReturnType<typeof parseArgs> {
  const options: NonNullable<ParseArgsConfig["options"]> = {};
  for (const [name, { value, short }] of Object.entries(verb.options)) {
    options[name] = { type: value === undefined ? "boolean" : "string", ...(short === undefined ? {} : { short }) };
  }
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (thrown) {
    const said = thrown instanceof Error ? thrown.message : String(thrown);
    throw new UsageError(`${verb.name}: ${inOneLine(said)}; see ${helpOf(verb)}`);
  }
}

/** What Node says of an option, in one line; an option without its value in words of this command's own. */
function inOneLine(said: string): string {
  const [, name, lack] = /^Option '(--[\w-]+).*' argument (missing|is ambiguous)/.exec(said) ?? [];
  if (lack === "missing") return `${name} needs a value`;
  if (lack !== undefined) return `${name} needs a value; one that begins with a dash is given as ${name}=-1`;
  return said.split(/\.\s|\n/)[0] ?? said;
}

function helpOf(verb: Verb): string {
  return `holdfast ${verb.name} --help`;
}
