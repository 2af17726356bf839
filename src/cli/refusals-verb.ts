/** `holdfast refusals DIR`: what the store refused since the mount began. */
import { CommandError } from "./command-error.ts";
import { ask } from "./control/client.ts";
import { resolveMountPoint } from "./mount-point.ts";
import { refusalLines } from "./refusal-text.ts";
import { findFilesOfMount } from "./runtime-directory.ts";
import type { Verb, VerbArguments } from "./verb.ts";

const silenceMsMax = 5_000;

export const refusalsVerb: Verb = {
  name: "refusals",
  synopsis: "DIR",
  example: "holdfast refusals /mnt/data",
  summary: "Show which bytes the store of the mount at DIR refused.",
  description: [
    "One refusal a line: the file, the bytes, whose they are, the store's error and its class, and",
    "where the bytes are now, or what became of them. Shows those since the mount began; holdfast",
    "rescue list has everything that is kept, whichever mount it came from.",
  ].join("\n"),
  options: { json: { summary: "Print one JSON object with all that is known of each." } },
  positionalCountMin: 1,
  positionalCountMax: 1,
  run: runRefusals,
};

async function runRefusals({ positionals, switches }: VerbArguments): Promise<number> {
  const directory = await resolveMountPoint(positionals[0] ?? "");
  const { socket } = await findFilesOfMount(directory);
  const answer = await ask(socket, { verb: "status" }, { silenceMsMax });
  if (answer === undefined) {
    throw new CommandError(
      `no holdfast mount of yours is served at ${directory}; what was refused is in holdfast rescue list`,
    );
  }
  if (answer.kind !== "status") throw new CommandError(answer.kind === "error" ? answer.message : "no status was told");
  const { rescueDirectory, refusals, refusalCount, standingCount } = answer.status;
  if (switches.has("json")) {
    process.stdout.write(`${JSON.stringify({ directory, rescueDirectory, refusalCount, standingCount, refusals })}\n`);
    return 0;
  }
  const lines = refusalLines(answer.status, refusals.length);
  process.stdout.write(`${lines.length === 0 ? `nothing was refused at ${directory}` : lines.join("\n")}\n`);
  return 0;
}
