/** `holdfast rescue restore ID`: an entry's bytes are written to the store again. */
import { failureFrom } from "../../base/index.ts";
import type { RestoreResult, WholeEntry } from "../../rescue/index.ts";
import { CommandError } from "../command-error.ts";
import { printable } from "../printable.ts";
import type { Verb, VerbArguments } from "../verb.ts";
import { credentialOf, storeOptions, withStoreOf } from "./entry-store.ts";
import { requireWholeEntry } from "./one-entry.ts";
import { openRescueDirectory, rescueOption } from "./rescue-directory.ts";

export const restoreVerb: Verb = {
  name: "rescue restore",
  synopsis: "ID",
  example: "holdfast rescue restore 1m7z1",
  summary: "Write the bytes of a rescue entry to the store again.",
  description: [
    "That is a write in the name of whoever wrote the bytes first, and it may be refused again: then",
    "the exit status is 1, and the entry stays. It stays after success, too, marked as restored, until",
    "it is discarded. A file that others changed since is left alone unless --overwrite is given; look",
    "at holdfast rescue diff ID first. A file that is gone is made again by --to PATH.",
  ].join("\n"),
  options: {
    rescue: rescueOption,
    ...storeOptions,
    to: { value: "PATH", summary: "Restore to this path of the store; a file that is not there is made." },
    overwrite: { summary: "Write although others changed the file since, or PATH is another file." },
    discard: { summary: "Discard the entry when all its bytes are durable in the store." },
    json: { summary: "Print the outcome as JSON." },
  },
  positionalCountMin: 1,
  positionalCountMax: 1,
  run: runRestore,
};

async function runRestore(parsed: VerbArguments): Promise<number> {
  const { positionals, values, switches } = parsed;
  const credential = credentialOf(parsed);
  await using rescue = await openRescueDirectory(values.rescue, { readOnly: true });
  const entry = await requireWholeEntry(rescue, positionals[0] ?? "");
  const restored = await withStoreOf(entry, parsed, (store) =>
    rescue.restore(entry.id, store, {
      overwrite: switches.has("overwrite"),
      discard: switches.has("discard"),
      ...(credential === undefined ? {} : { credential }),
      ...(values.to === undefined ? {} : { path: values.to }),
    }),
  ).catch((thrown: unknown) => {
    throw values.to === undefined ? withAdvice(thrown, entry) : thrown;
  });
  const text = switches.has("json") ? JSON.stringify({ event: "restored", ...restored }) : sentence(entry, restored);
  process.stdout.write(`${text}\n`);
  return 0;
}

/** What can be said besides on the command line, where the file is not what it was. */
function withAdvice(thrown: unknown, { id }: WholeEntry): unknown {
  const { code, message } = failureFrom(thrown);
  if (code === "ENOENT") return new CommandError(`${message}; say --to PATH`);
  if (code !== "ESTALE") return thrown;
  return new CommandError(`${message}; see holdfast rescue diff ${id}, then say --overwrite, or --to PATH`);
}

function sentence({ manifest }: WholeEntry, { id, path, byteCount, isNew, entry: fate }: RestoreResult): string {
  const last = manifest.ranges.at(-1);
  const hasGaps = last !== undefined && byteCount < last.offset + last.byteCount;
  const made = isNew ? `, a new file${hasGaps ? " in which all other bytes are zeros" : ""}` : "";
  const fates = {
    marked: `the entry is kept until: holdfast rescue discard ${id}`,
    discarded: "the entry is discarded",
    kept: "the entry is kept and could not be marked",
  };
  return `holdfast: restored ${byteCount} bytes of entry ${id} to ${printable(path)}${made}; ${fates[fate]}`;
}
