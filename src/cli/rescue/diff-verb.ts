/** `holdfast rescue diff ID`: an entry beside what the store has now. */
import { failureFrom } from "../../base/index.ts";
import { CommandError, UsageError } from "../command-error.ts";
import type { Verb, VerbArguments } from "../verb.ts";
import { credentialOf, storeOptions, withStoreOf } from "./entry-store.ts";
import { comparisonLines } from "./entry-text.ts";
import { requireWholeEntry } from "./one-entry.ts";
import { openRescueDirectory, rescueOption } from "./rescue-directory.ts";

const trouble = 2;

export const diffVerb: Verb = {
  name: "rescue diff",
  synopsis: "ID",
  example: "holdfast rescue diff 1m7z1",
  summary: "Compare a rescue entry with what the store has now.",
  description: [
    "Tells for each range whether the store has the same bytes, others, or none, and whether the file",
    "was changed since the bytes were written. Exit status, as of diff(1): 0 the same, 1 different,",
    "2 trouble.",
  ].join("\n"),
  options: { rescue: rescueOption, ...storeOptions, json: { summary: "Print the comparison as one JSON object." } },
  positionalCountMin: 1,
  positionalCountMax: 1,
  run: runDiff,
};

async function runDiff(parsed: VerbArguments): Promise<number> {
  try {
    return await compare(parsed);
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    const message = thrown instanceof CommandError ? thrown.message : failureFrom(thrown).message;
    throw new CommandError(message, { status: trouble });
  }
}

async function compare(parsed: VerbArguments): Promise<number> {
  const credential = credentialOf(parsed);
  await using rescue = await openRescueDirectory(parsed.values.rescue, { readOnly: true });
  const entry = await requireWholeEntry(rescue, parsed.positionals[0] ?? "");
  const comparison = await withStoreOf(entry, parsed, (store) =>
    rescue.diff(entry.id, store, credential === undefined ? {} : { credential }),
  );
  const text = parsed.switches.has("json") ? JSON.stringify(comparison) : comparisonLines(comparison).join("\n");
  process.stdout.write(`${text}\n`);
  return comparison.isSame ? 0 : 1;
}
