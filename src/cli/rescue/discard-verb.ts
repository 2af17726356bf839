/** `holdfast rescue discard ID...`: disposing of entries for good. */
import { failureFrom } from "../../base/index.ts";
import type { Rescue } from "../../rescue/index.ts";
import { CommandError, UsageError } from "../command-error.ts";
import type { Verb, VerbArguments } from "../verb.ts";
import { openRescueDirectory, rescueOption } from "./rescue-directory.ts";

export const discardVerb: Verb = {
  name: "rescue discard",
  synopsis: "ID...",
  example: "holdfast rescue discard 1m7z1mgfvgh0t",
  summary: "Dispose of rescue entries for good.",
  description: [
    "Takes whole ids only, for what is discarded is gone. --all discards every entry, but those that a",
    "newer version wrote.",
  ].join("\n"),
  options: {
    rescue: rescueOption,
    all: { summary: "Discard every entry instead of naming them." },
    json: { summary: "Print the ids that were discarded as JSON." },
  },
  positionalCountMin: 0,
  positionalCountMax: Number.POSITIVE_INFINITY,
  run: runDiscard,
};

async function runDiscard({ positionals, values, switches }: VerbArguments): Promise<number> {
  const all = switches.has("all");
  if (all === positionals.length > 0) {
    throw new UsageError("rescue discard needs whole ids, or --all alone; holdfast rescue list has them");
  }
  await using rescue = await openRescueDirectory(values.rescue);
  const ids = all ? (await rescue.list()).map((entry) => entry.id) : await requireIds(rescue, positionals);
  const discarded: string[] = [];
  const refusals: string[] = [];
  for (const id of ids) {
    try {
      await rescue.discard(id);
      discarded.push(id);
    } catch (thrown) {
      refusals.push(failureFrom(thrown).message);
    }
  }
  if (switches.has("json")) process.stdout.write(`${JSON.stringify({ event: "discarded", ids: discarded })}\n`);
  else for (const id of discarded) process.stdout.write(`holdfast: discarded entry ${id}\n`);
  if (refusals.length > 0) throw new CommandError(refusals.join("; "));
  return 0;
}

/** Nothing is discarded when one of the ids is wrong. */
async function requireIds(rescue: Rescue, given: readonly string[]): Promise<readonly string[]> {
  const known = new Set((await rescue.list()).map((entry) => entry.id));
  const unknown = given.filter((id) => !known.has(id));
  if (unknown.length === 0) return given;
  throw new CommandError(
    `no entry has the id ${unknown.join(", ")}, so nothing was discarded; whole ids are needed, see holdfast rescue list`,
  );
}
