/** `holdfast status [DIR]`: what is mounted, and how it does. */
import { mountHealth, mountType, readMountTable } from "../fuse/index.ts";
import { CommandError } from "./command-error.ts";
import { ask } from "./control/client.ts";
import { resolveMountPoint } from "./mount-point.ts";
import { filesOfMount, readRecords, removeFilesOfMount } from "./runtime-directory.ts";
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
  const all = await listMounts();
  const mounts = wanted === undefined ? all : all.filter((mount) => mount.directory === wanted);
  if (wanted !== undefined && mounts.length === 0) {
    throw new CommandError(`no holdfast mount of yours is at ${wanted}; holdfast status lists them all`);
  }
  if (switches.has("json")) process.stdout.write(`${JSON.stringify({ mounts })}\n`);
  else if (mounts.length === 0) process.stdout.write("nothing is mounted\n");
  else for (const mount of mounts) process.stdout.write(`${statusLines(mount).join("\n")}\n`);
  return 0;
}

/** All mounts of this user: those with a record, and dead ones that only the kernel still knows. */
async function listMounts(): Promise<ListedMount[]> {
  const inKernel = (await readMountTable()).filter((entry) => entry.type === mountType);
  const records = await readRecords();
  const urls = new Map<string, string>(inKernel.map((entry) => [entry.directory, entry.source]));
  for (const record of records) urls.set(record.directory, record.url);
  const mounts: ListedMount[] = [];
  for (const [directory, url] of urls) {
    const isMounted = inKernel.some((entry) => entry.directory === directory);
    const mount = await statusAt(directory, url, isMounted);
    if (mount !== undefined) mounts.push(mount);
  }
  return mounts;
}

async function statusAt(directory: string, url: string, isMounted: boolean): Promise<ListedMount | undefined> {
  const { socket } = await filesOfMount(directory);
  try {
    const answer = await ask(socket, { verb: "status" }, { silenceMsMax });
    if (answer?.kind === "status") return answer.status;
    if (answer !== undefined) return { directory, url, state: "not answering" };
  } catch {
    return { directory, url, state: "not answering" };
  }
  // A mount that lives without a server of ours is another user's.
  if (isMounted) return (await mountHealth(directory)) === "dead" ? { directory, url, state: "dead" } : undefined;
  // A record without a mount and without a server is litter of a killed server whose mount somebody cleared.
  await removeFilesOfMount(directory);
  return undefined;
}
