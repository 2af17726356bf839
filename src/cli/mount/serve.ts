/** Serves one mount in this process: builds it from its parts, says when it is ready, and waits for its end. */
import { failureFrom } from "../../base/index.ts";
import { openVolume, type Volume } from "../../files/index.ts";
import { type Mount, mountVolume } from "../../fuse/index.ts";
import type { Rescue } from "../../rescue/index.ts";
import { MediumStore } from "../../stores/medium/index.ts";
import { compileForServing, platformMemory } from "../../system/index.ts";
import { CommandError } from "../command-error.ts";
import type { ControlAnswer, ControlProgress, ControlRequest } from "../control/protocol.ts";
import { ControlServer } from "../control/server.ts";
import type { Log } from "../log.ts";
import { requireApart, requireFreeMountPoint, requireFuse, requireRescueApart } from "../mount-point.ts";
import { formatSize } from "../quantities.ts";
import { openRescueDirectory } from "../rescue/rescue-directory.ts";
import { filesOfMount, removeFilesOfMount, writeRecord } from "../runtime-directory.ts";
import { replayWhenIn } from "./replay-medium.ts";
import { ServedMount } from "./served-mount.ts";
import type { MountSettings } from "./settings.ts";

/** Mounts, calls `ready`, and answers with the exit status once the mount is gone. */
export async function serve(settings: MountSettings, log: Log, ready: () => void): Promise<number> {
  const { directory } = settings;
  compileForServing();
  await requireFuse();
  await requireFreeMountPoint(directory, settings.nonEmpty);
  await requireApart(directory, settings.location.localDirectory);
  process.on("uncaughtExceptionMonitor", (error) =>
    log.error("the server ends by a mistake", { why: String(error.stack) }),
  );
  let served: ServedMount | undefined;
  const control = new ControlServer((request, progress) => answer(served, settings, request, progress));
  await control.listen((await filesOfMount(directory)).socket);
  try {
    served = await startMount(settings, log);
    const release = obeySignals(served, settings, log);
    try {
      await writeRecord({ directory, url: settings.url, processId: process.pid, mountedAtMs: Date.now() });
      log.info("mounted", { url: settings.url, directory });
      ready();
      return await served.ended;
    } finally {
      release();
    }
  } finally {
    await control.close();
    await removeFilesOfMount(directory);
  }
}

async function startMount(asked: MountSettings, log: Log): Promise<ServedMount> {
  const location = (await asked.location.identify?.((message) => log.warn(message))) ?? asked.location;
  const settings = { ...asked, location };
  const rescue = await startRescue(settings, log);
  const volume = await startVolume(settings, rescue, log);
  const { readaheadBytesMax } = settings;
  let mount: Mount;
  try {
    mount = await mountVolume(volume, settings.directory, {
      allowOther: settings.allowOther,
      readOnly: settings.readOnly,
      source: settings.url,
      ...(readaheadBytesMax === undefined ? {} : { kernelReadAheadBytes: readaheadBytesMax }),
      log: (level, message, fields) => log[level](message, fields),
    });
  } catch (thrown) {
    await volume.close();
    throw mountFailure(thrown, settings);
  }
  const { url, directory, drainTimeoutMs } = settings;
  return new ServedMount({ volume, mount, log, url, directory, rescue, drainTimeoutMs });
}

/** Opens the rescue, which holds nothing that would have to be closed when the mount ends. */
async function startRescue(settings: MountSettings, log: Log): Promise<Rescue> {
  const { rescueDirectory, directory, location } = settings;
  const create = rescueDirectory === undefined;
  const rescue = await openRescueDirectory(rescueDirectory, { storeUrl: location.url, create });
  await requireRescueApart(rescue.directory, directory, location.localDirectory);
  const { entryCount, byteCount } = await rescue.holdings();
  if (entryCount >= rescue.entriesMax || byteCount >= rescue.bytesMax) {
    const advice = "refused bytes would stay in memory; look at holdfast rescue list, and discard";
    log.warn(`the rescue directory is full: ${advice}`, { rescue: rescue.directory, entryCount, byteCount });
  }
  return rescue;
}

async function startVolume(settings: MountSettings, rescue: Rescue, log: Log): Promise<Volume> {
  const { volatileWrites } = settings;
  const store = await settings.location.open({ volatileWrites });
  const isMedium = store instanceof MediumStore;
  const replay = isMedium ? replayWhenIn(store, rescue, settings.location.url, log) : undefined;
  await replay?.now();
  const { pageSize, budgetBytes, dirtyLimitBytes, dirtyBackgroundBytes, readaheadBytesMax } = settings;
  const { refusalActions, conflict, retryDeadlineMs } = settings;
  try {
    const volume = await openVolume(store, {
      pageSize,
      budgetBytes,
      dirtyLimitBytes,
      dirtyBackgroundBytes,
      ...(readaheadBytesMax === undefined ? {} : { readaheadBytesMax }),
      attributeTimeoutMs: settings.attributeTimeoutMs,
      entryTimeoutMs: settings.attributeTimeoutMs,
      storeTimeoutMs: settings.storeTimeoutMs,
      rescue,
      refusalActions: isMedium ? { media: "salvage", ...refusalActions } : refusalActions,
      conflict,
      ...(retryDeadlineMs === undefined ? {} : { retryDeadlineMs }),
      memory: platformMemory,
    });
    replay?.follow(volume);
    return volume;
  } catch (thrown) {
    throw new CommandError(`the store ${settings.url} cannot be opened: ${failureFrom(thrown).message}`);
  }
}

function mountFailure(thrown: unknown, settings: MountSettings): CommandError {
  const failure = failureFrom(thrown, { syscall: "mount" });
  const saysWhatToDo = failure.code !== "EPERM" || /as root/.test(failure.message);
  const advice =
    process.geteuid?.() === 0
      ? "; this root may not mount, as in a container without the capability CAP_SYS_ADMIN"
      : "; mount as root, or use a directory of your own";
  return new CommandError(`cannot mount at ${settings.directory}: ${failure.message}${saysWhatToDo ? "" : advice}`);
}

async function answer(
  served: ServedMount | undefined,
  settings: MountSettings,
  request: ControlRequest,
  progress: (line: ControlProgress) => void,
): Promise<ControlAnswer> {
  if (served === undefined) return { kind: "error", message: "the mount is not ready yet; try again" };
  if (request.verb === "status") return { kind: "status", status: await served.status() };
  return served.unmount({
    force: request.force,
    drainTimeoutMs: request.drainTimeoutMs ?? settings.drainTimeoutMs,
    progress: (dirtyBytes) => progress({ kind: "progress", dirtyBytes }),
  });
}

/**
 * The first signal drains and unmounts, busy or not, joining an unmount that is under way; a second one cuts the drain short.
 * Where the unmount failed, the next signal is a first one again.
 */
function obeySignals(served: ServedMount, settings: MountSettings, log: Log): () => void {
  let obeyed: string | undefined;
  const obey = (signal: string): void => {
    if (obeyed !== undefined) {
      log.warn("draining is cut short", { signal });
      served.cutShort();
      return;
    }
    obeyed = signal;
    log.info("draining and unmounting", { signal });
    const progress = (dirtyBytes: number): void =>
      log.info(`draining: ${formatSize(dirtyBytes)} to go`, { dirtyBytes });
    served
      .unmount({ force: true, drainTimeoutMs: settings.drainTimeoutMs, progress })
      .catch((thrown: unknown) => {
        log.error("the unmount failed; still mounted", { why: failureFrom(thrown).message });
      })
      .finally(() => {
        obeyed = undefined;
      });
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, obey);
  return () => {
    for (const signal of signals) process.off(signal, obey);
  };
}
