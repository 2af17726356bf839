/** `holdfast rescue show ID`: everything that is known of an entry, or its bytes. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Rescue } from "../../rescue/index.ts";
import { UsageError } from "../command-error.ts";
import type { Verb, VerbArguments } from "../verb.ts";
import { entryLines } from "./entry-text.ts";
import { complaintAbout, findEntry } from "./one-entry.ts";
import { openRescueDirectory, rescueOption } from "./rescue-directory.ts";

export const showVerb: Verb = {
  name: "rescue show",
  synopsis: "ID",
  example: "holdfast rescue show 1m7z1",
  summary: "Show what is known of a rescue entry, or its bytes.",
  description: [
    "ID is an entry's id or its beginning, as far as only one entry begins so. The bytes are checked",
    "against the sums that were kept with them. --bytes writes them to standard output, one range",
    "after the other; --json tells which byte belongs where in the file.",
  ].join("\n"),
  options: {
    rescue: rescueOption,
    bytes: { summary: "Write the bytes to standard output, which must not be a terminal." },
    json: { summary: "Print the entry as one JSON object." },
  },
  positionalCountMin: 1,
  positionalCountMax: 1,
  run: runShow,
};

async function runShow({ positionals, values, switches }: VerbArguments): Promise<number> {
  if (switches.has("bytes")) {
    if (switches.has("json")) throw new UsageError("rescue show prints --bytes or --json, not both");
    if (process.stdout.isTTY) {
      throw new UsageError(
        "the bytes are not for a terminal; write them to a file: holdfast rescue show --bytes ID > FILE",
      );
    }
  }
  await using rescue = await openRescueDirectory(values.rescue, { readOnly: true });
  const id = await findEntry(rescue, positionals[0] ?? "");
  if (switches.has("bytes")) return await writeBytes(rescue, id);
  const entry = await rescue.show(id);
  if (switches.has("json")) process.stdout.write(`${JSON.stringify(entry)}\n`);
  else if (entry.state === "whole") process.stdout.write(`${entryLines(entry).join("\n")}\n`);
  else throw complaintAbout(entry);
  return entry.state === "whole" ? 0 : 1;
}

async function writeBytes(rescue: Rescue, id: string): Promise<number> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    // The memory of a piece is used again, and standard output may be slow.
    for await (const { bytes } of rescue.read(id)) yield Uint8Array.from(bytes);
  }
  try {
    await pipeline(Readable.from(pieces()), process.stdout, { end: false });
  } catch (thrown) {
    // A reader that has seen enough, as in `... | head`.
    if ((thrown as { code?: string }).code !== "EPIPE") throw thrown;
  }
  return 0;
}
