/** `holdfast unmount DIR`: asks the server of the mount to drain and unmount, or clears a mount whose server is gone. */
import { CommandError } from "./command-error.ts";
import { ask } from "./control/client.ts";
import type { ControlAnswer, DirtyFileStatus, OpenFileStatus } from "./control/protocol.ts";
import { clearDead, occupantOf, resolveMountPoint } from "./mount-point.ts";
import { printable } from "./printable.ts";
import { formatSize, parseDuration } from "./quantities.ts";
import { refusalLines } from "./refusal-text.ts";
import { findFilesOfMount, removeFilesOfMount } from "./runtime-directory.ts";
import { type MountUser, usersOfMount } from "./users-of-mount.ts";
import type { Verb, VerbArguments } from "./verb.ts";

/** A draining server reports every second; one silent for so long is stuck. */
const silenceMsMax = 60_000;
const shownRefusalsMax = 20;

export const unmountVerb: Verb = {
  name: "unmount",
  synopsis: "DIR",
  summary: "Send what is unsent, then unmount DIR.",
  description: [
    "Prints progress while that takes long. A mount with open files, or with bytes that the store",
    "does not take, stays mounted: the files are named, and nothing is lost. With --force it goes",
    "all the same, and what could not be sent is kept in rescue. The exit status is 1 when anything",
    "was refused since the mount began and is neither restored nor discarded. A mount whose server was",
    "killed is cleared.",
  ].join("\n"),
  options: {
    force: { short: "f", summary: "Unmount although files are open or bytes are undelivered; those go to rescue." },
    "drain-timeout": { value: "TIME", summary: "How long sending may take. Default: what the mount was given." },
    json: { summary: "Print the outcome as JSON." },
  },
  positionalCountMin: 1,
  positionalCountMax: 1,
  run: runUnmount,
};

async function runUnmount({ positionals, values, switches }: VerbArguments): Promise<number> {
  const directory = await resolveMountPoint(positionals[0] ?? "");
  const json = switches.has("json");
  const timeout = values["drain-timeout"];
  const drainTimeoutMs = timeout === undefined ? undefined : parseDuration(timeout, "--drain-timeout");
  const { socket } = await findFilesOfMount(directory);
  const answer = await ask(
    socket,
    { verb: "unmount", force: switches.has("force"), drainTimeoutMs },
    {
      silenceMsMax,
      progress: ({ dirtyBytes }) => {
        if (json) print(JSON.stringify({ event: "draining", dirtyBytes }));
        else print(`draining: ${formatSize(dirtyBytes)} to go`);
      },
    },
  );
  if (answer === undefined) return unmountWithoutServer(directory, json);
  return json ? reportJson(directory, answer) : report(directory, answer);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function unmountWithoutServer(directory: string, json: boolean): Promise<number> {
  const occupant = await occupantOf(directory);
  if (occupant === "nothing") {
    await removeFilesOfMount(directory);
    throw new CommandError(`nothing is mounted at ${directory}; holdfast status lists the mounts`);
  }
  if (occupant === "other mount") {
    throw new CommandError(`the file system at ${directory} is not holdfast's; use umount ${directory}`);
  }
  if (occupant === "running mount") {
    const other = process.geteuid?.() === 0 ? "umount" : "fusermount3 -u";
    throw new CommandError(
      `the server of the mount at ${directory} cannot be found; ask as the user who mounted it, or say ${other} ${directory}, which has everything sent, too`,
    );
  }
  await clearDead(directory);
  const text = `cleared the dead mount at ${directory}: its server had ended`;
  print(json ? JSON.stringify({ event: "cleared", directory }) : `holdfast: ${text}`);
  return 0;
}

async function reportJson(directory: string, answer: ControlAnswer): Promise<number> {
  const users = answer.kind === "busy" ? await usersOfMount(directory) : undefined;
  print(JSON.stringify({ event: answer.kind, directory, ...answer, kind: undefined, users }));
  return answer.kind === "unmounted" && answer.left.length === 0 && answer.standingCount === 0 ? 0 : 1;
}

async function report(directory: string, answer: ControlAnswer): Promise<number> {
  switch (answer.kind) {
    case "unmounted":
      for (const line of refusalLines(answer, shownRefusalsMax)) print(`  ${line}`);
      if (answer.left.length > 0) throw new CommandError(`unmounted ${directory}, but left: ${answer.left.join("; ")}`);
      if (answer.standingCount > 0) {
        throw new CommandError(`unmounted ${directory}, but the store had refused what is named above`);
      }
      print(`holdfast: unmounted ${directory}`);
      return 0;
    case "busy":
      for (const line of busyLines(answer.openFiles, await usersOfMount(directory))) print(line);
      throw new CommandError(`${directory} is busy and stays mounted; close what is named above, or use --force`);
    case "undelivered":
      for (const file of answer.dirtyFiles) print(`  ${undeliveredLine(file)}`);
      throw new CommandError(`${directory} stays mounted, for ${adviceAbout(answer)}`);
    case "error":
      throw new CommandError(answer.message);
    case "status":
      throw new CommandError("the server answered another question");
  }
}

function undeliveredLine({ path, dirtyBytes, unrescuedBytes }: DirtyFileStatus): string {
  const parts: string[] = [];
  if (dirtyBytes > 0) parts.push(`${formatSize(dirtyBytes)} not delivered`);
  if (unrescuedBytes > 0) parts.push(`${formatSize(unrescuedBytes)} refused and not rescued`);
  return `${printable(path)}: ${parts.join(", ")}`;
}

function adviceAbout({ message, dirtyFiles }: Extract<ControlAnswer, { kind: "undelivered" }>): string {
  const isUnrescued = dirtyFiles.some(({ unrescuedBytes }) => unrescuedBytes > 0);
  const undelivered = `bytes could not be delivered: ${message}`;
  if (isUnrescued) return `${undelivered}; mend the rescue directory and try again, or lose them with --force`;
  if (dirtyFiles.length > 0)
    return `${undelivered}; mend the store and try again, or have them kept in rescue with --force`;
  return `what the store took is not known to be durable: ${message}; mend the store and try again, or use --force`;
}

function busyLines(openFiles: readonly OpenFileStatus[], users: readonly MountUser[]): string[] {
  const lines = users.map(
    (user) => `  ${printable(user.path)}: ${user.how} of process ${user.processId} (${printable(user.command)})`,
  );
  for (const file of openFiles) {
    if (users.some((user) => user.path.endsWith(file.path))) continue;
    const opener = file.processId === undefined ? "" : `, opened by process ${file.processId}`;
    lines.push(`  ${printable(file.path)}: open for ${file.access} by user ${file.uid}${opener}`);
  }
  return lines;
}
