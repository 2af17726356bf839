/** `holdfast status [DIR]`: what is mounted, and how it does. */
import { mountHealth } from "../fuse/index.ts";
import { CommandError } from "./command-error.ts";
import { ask } from "./control/client.ts";
import { resolveMountPoint } from "./mount-point.ts";
import { findFilesOfMount, type MountRecord, readRecords, removeFilesOfMount } from "./runtime-directory.ts";
import { type ListedMount, statusLines } from "./status-text.ts";
import type { Verb, VerbArguments } from "./verb.ts";

const silenceMsMax = 5_000;

export const statusVerb: Verb = {
  name: "status",
  synopsis: "[DIR]",
  summary: "Show the mounts of this user, or the one at DIR.",
  description: [
    "Shows what is cached, what is unsent and in which files, and which files are open. A mount",
    "whose server was killed is listed as dead; holdfast unmount DIR clears it.",
  ].join("\n"),
  options: { json: { summary: "Print one JSON object with all counters and gauges." } },
  positionalCountMin: 0,
  positionalCountMax: 1,
  run: runStatus,
};

async function runStatus({ positionals, switches }: VerbArguments): Promise<number> {
  const [given] = positionals;
  const wanted = given === undefined ? undefined : await resolveMountPoint(given);
  const records = (await readRecords()).filter(({ directory }) => wanted === undefined || directory === wanted);
  const mounts = await listMounts(records);
  if (wanted !== undefined && mounts.length === 0) {
    throw new CommandError(`no holdfast mount of yours is at ${wanted}; holdfast status lists them all`);
  }
  if (switches.has("json")) process.stdout.write(`${JSON.stringify({ mounts })}\n`);
  else if (mounts.length === 0) process.stdout.write("nothing is mounted\n");
  else for (const mount of mounts) process.stdout.write(`${statusLines(mount).join("\n")}\n`);
  return 0;
}

/**
 * A user's mounts are those with a record. Mounts of others are not looked at: one whose server hangs would hang whoever
 * looks.
 */
async function listMounts(records: readonly MountRecord[]): Promise<ListedMount[]> {
  const mounts: ListedMount[] = [];
  for (const record of records) {
    const mount = await statusAt(record);
    if (mount !== undefined) mounts.push(mount);
  }
  return mounts;
}

async function statusAt({ directory, url }: MountRecord): Promise<ListedMount | undefined> {
  const { socket } = await findFilesOfMount(directory);
  try {
    const answer = await ask(socket, { verb: "status" }, { silenceMsMax });
    if (answer?.kind === "status") return answer.status;
    if (answer !== undefined) return { directory, url, state: "not answering" };
  } catch {
    return { directory, url, state: "not answering" };
  }
  if ((await mountHealth(directory)) === "dead") return { directory, url, state: "dead" };
  // A record without a mount and without a server is litter of a killed server whose mount somebody cleared.
  await removeFilesOfMount(directory);
  return undefined;
}
