/** `holdfast rescue list`: what was refused and is kept. */
import type { RescueEntry } from "../../rescue/index.ts";
import { formatSize } from "../quantities.ts";
import type { Verb, VerbArguments } from "../verb.ts";
import { tableLines } from "./entry-text.ts";
import { defaultRescueDirectory, NothingRescued, openRescueDirectory, rescueOption } from "./rescue-directory.ts";

export const listVerb: Verb = {
  name: "rescue list",
  synopsis: "",
  summary: "List the bytes that stores refused and that are kept.",
  description: [
    "One entry a line: when it was refused, with which error, who wrote the bytes, how many, and to",
    "which file. An entry stays until it is discarded, also after it was restored.",
  ].join("\n"),
  options: { rescue: rescueOption, json: { summary: "Print one JSON object with all manifests." } },
  positionalCountMin: 0,
  positionalCountMax: 0,
  run: runList,
};

async function runList({ values, switches }: VerbArguments): Promise<number> {
  const { directory, entries, byteCount } = await look(values.rescue);
  if (switches.has("json")) {
    process.stdout.write(`${JSON.stringify({ directory, byteCount, entries })}\n`);
  } else if (entries.length === 0) {
    process.stdout.write(`nothing is kept in ${directory}\n`);
  } else {
    process.stdout.write(`${tableLines(entries).join("\n")}\n`);
    process.stdout.write(`${formatSize(byteCount)} with manifests, in ${directory}\n`);
  }
  return 0;
}

async function look(
  given: string | undefined,
): Promise<{ directory: string; entries: readonly RescueEntry[]; byteCount: number }> {
  try {
    await using rescue = await openRescueDirectory(given, { readOnly: true });
    const { byteCount } = await rescue.holdings();
    return { directory: rescue.directory, entries: await rescue.list(), byteCount };
  } catch (thrown) {
    if (!(thrown instanceof NothingRescued)) throw thrown;
    return { directory: defaultRescueDirectory(), entries: [], byteCount: 0 };
  }
}
