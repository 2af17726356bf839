/**
 * The command: finds the verb, runs it, and turns whatever went wrong into one clear line and an exit status: 2 for a command
 * line that makes no sense, 1 for everything else.
 */
import { readFileSync } from "node:fs";
import { AssertionFailure, failureFrom, maskSecrets } from "../base/index.ts";
import { endProcess } from "../system/index.ts";
import { CommandError, UsageError } from "./command-error.ts";
import { topHelp, verbHelp } from "./help.ts";
import { mountVerb } from "./mount/mount-verb.ts";
import { parseVerb } from "./parse-verb.ts";
import { refusalsVerb } from "./refusals-verb.ts";
import { rescueVerbs } from "./rescue/rescue-verbs.ts";
import { statusVerb } from "./status-verb.ts";
import { unmountVerb } from "./unmount-verb.ts";
import type { Verb } from "./verb.ts";

const verbs: readonly Verb[] = [mountVerb, unmountVerb, statusVerb, refusalsVerb, ...rescueVerbs];

/** Something still held when the work is done, a thread that waits for a store that hangs even, must not keep the command. */
const lingerMsMax = 5_000;

/** Runs the command; answers with the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  // A reader that goes away, as in `holdfast mount ... | head`, must not end a mount.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const status = await run(argv);
  setTimeout(() => endProcess(status), lingerMsMax).unref();
  return status;
}

async function run(argv: readonly string[]): Promise<number> {
  const json = argv.includes("--json");
  try {
    const [first] = argv;
    if (first === undefined) throw new UsageError(`say what to do: ${verbNames(verbs)}; see holdfast --help`);
    if (first === "--help" || first === "-h" || first === "help") return help(argv.slice(1));
    if (first === "--version" || first === "-V") return print(`holdfast ${version()}`);
    const wantsHelp = argv.includes("--help") || argv.includes("-h");
    const verb = verbOf(argv);
    if (wantsHelp && (verb !== undefined || verbsAbout(first).length > 0)) return help(argv);
    if (verb === undefined) throw unknownVerb(argv);
    return await verb.run(parseVerb(verb, argv.slice(wordsOf(verb).length)));
  } catch (thrown) {
    return complain(thrown, json);
  }
}

function wordsOf(verb: Verb): string[] {
  return verb.name.split(" ");
}

/** The verb that the words begin with. */
function verbOf(words: readonly string[]): Verb | undefined {
  return verbs.find((verb) => wordsOf(verb).every((word, at) => word === words[at]));
}

/** The verbs about one thing. */
function verbsAbout(thing: string | undefined): readonly Verb[] {
  return verbs.filter((verb) => wordsOf(verb).length > 1 && wordsOf(verb)[0] === thing);
}

function unknownVerb(words: readonly string[]): UsageError {
  const [first = "", second] = words;
  const about = verbsAbout(first);
  if (about.length === 0) {
    const advice = first === "umount" ? "did you mean unmount?" : `the verbs are ${verbNames(verbs)}`;
    return new UsageError(`there is no verb "${first}"; ${advice}`);
  }
  const asked =
    second === undefined || second.startsWith("-") ? "more is needed" : `there is no verb "${first} ${second}"`;
  return new UsageError(`${asked}; the verbs are ${verbNames(about)}`);
}

function help(about: readonly string[]): number {
  const verb = verbOf(about);
  if (verb !== undefined) return print(verbHelp(verb));
  const several = verbsAbout(about[0]);
  return print(topHelp(several.length > 0 ? several : verbs));
}

function verbNames(named: readonly Verb[]): string {
  return named.map((verb) => verb.name).join(", ");
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function complain(thrown: unknown, json: boolean): number {
  const status = thrown instanceof UsageError ? 2 : thrown instanceof CommandError ? thrown.status : 1;
  const said = thrown instanceof UsageError || thrown instanceof CommandError;
  const message = maskSecrets(said ? thrown.message : failureFrom(thrown).message);
  if (json) process.stdout.write(`${JSON.stringify({ event: "failed", message, status })}\n`);
  process.stderr.write(`holdfast: ${message.replace(/[\r\n]+/g, " ")}\n`);
  if (thrown instanceof AssertionFailure) process.stderr.write(`${thrown.stack ?? ""}\n`);
  return status;
}
