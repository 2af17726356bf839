/** `holdfast mount URL DIR`. */
import { failureFrom } from "../../base/index.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { Log, type LogSink } from "../log.ts";
import { logFile } from "../log-file.ts";
import { resolveMountPoint } from "../mount-point.ts";
import { filesOfMount, removeLogOfMount } from "../runtime-directory.ts";
import type { Verb, VerbArguments } from "../verb.ts";
import { isDaemonChild, reportToParent, startDaemon } from "./daemon.ts";
import { serve } from "./serve.ts";
import { type MountSettings, mountOptions, readMountSettings } from "./settings.ts";

export const mountVerb: Verb = {
  name: "mount",
  synopsis: "URL DIR",
  example: "holdfast mount dir:/srv/data /mnt/data",
  summary: "Mount the store URL at the directory DIR.",
  description: [
    "URL is dir:/path/of/a/directory, medium:/media/usb for a disk that may be taken out and put back,",
    "or mem: for a store in memory that ends with the mount.",
    "",
    'Stays in the foreground, ready when it prints "holdfast: mounted URL at DIR". SIGINT and',
    "SIGTERM send what is unsent and unmount; a second signal cuts that short. The exit status",
    "is 1 when anything was left undelivered, or was refused by the store and neither restored nor",
    "discarded since; what that was, and where it is kept, are the last lines of the log.",
    "",
    "Sizes are such as 64K, 256M, 1G; times such as 500ms, 30s, 5min.",
  ].join("\n"),
  options: mountOptions,
  positionalCountMin: 2,
  positionalCountMax: 2,
  run: runMount,
};

async function runMount(parsed: VerbArguments): Promise<number> {
  const read = readMountSettings(parsed);
  const settings = { ...read, directory: await resolveMountPoint(read.directory) };
  if (isDaemonChild()) return runDaemonChild(settings);
  if (settings.daemon) return runDaemonParent();
  const sink = settings.logFile === undefined ? standardError : openLog(settings.logFile, settings);
  const log = new Log(sink, settings.logFormat, settings.logLevel);
  return serve(settings, log, () => process.stdout.write(`${readyLine(settings)}\n`));
}

function openLog(path: string, { logFormat }: MountSettings): LogSink {
  try {
    return logFile(path, logFormat);
  } catch (thrown) {
    const { code } = failureFrom(thrown);
    const advice = code === "ENOENT" ? "; its directory is missing, make it first" : "";
    throw new CommandError(`--log-file ${path} cannot be opened (${code})${advice}`);
  }
}

const standardError: LogSink = (line) => {
  process.stderr.write(line);
};

function readyLine({ url, urlText, directory, directoryText, json }: MountSettings): string {
  if (json) return JSON.stringify({ event: "mounted", url, directory, processId: process.pid });
  return `holdfast: mounted ${urlText} at ${directoryText}`;
}

async function runDaemonParent(): Promise<number> {
  const { kind, text, status } = await startDaemon();
  if (kind === "ready") {
    process.stdout.write(`${text}\n`);
    return 0;
  }
  if (status === 2) throw new UsageError(text);
  throw new CommandError(text);
}

/** Serves in the background: no terminal, no working directory, a log file, which stays when something went wrong. */
async function runDaemonChild(settings: MountSettings): Promise<number> {
  let isReady = false;
  try {
    const path = settings.logFile ?? (await filesOfMount(settings.directory)).log;
    const log = new Log(openLog(path, settings), settings.logFormat, settings.logLevel);
    process.chdir("/");
    const status = await serve(settings, log, () => {
      isReady = true;
      void reportToParent({ kind: "ready", text: readyLine(settings), status: 0 });
    });
    if (status === 0 && settings.logFile === undefined) await removeLogOfMount(settings.directory);
    return status;
  } catch (thrown) {
    const said = thrown instanceof CommandError || thrown instanceof UsageError;
    const text = said ? thrown.message : failureFrom(thrown).message;
    if (!isReady) await reportToParent({ kind: "failed", text, status: thrown instanceof UsageError ? 2 : 1 });
    return 1;
  }
}
