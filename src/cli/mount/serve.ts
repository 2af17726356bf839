/** Serves one mount in this process: builds it from its parts, says when it is ready, and waits for its end. */
import { failureFrom } from "../../base/index.ts";
import { openVolume, type Volume } from "../../files/index.ts";
import { type Mount, mountVolume } from "../../fuse/index.ts";
import { prepareMemory } from "../../system/index.ts";
import { CommandError } from "../command-error.ts";
import type { ControlAnswer, ControlProgress, ControlRequest } from "../control/protocol.ts";
import { ControlServer } from "../control/server.ts";
import type { Log } from "../log.ts";
import { requireApart, requireFreeMountPoint, requireFuse } from "../mount-point.ts";
import { formatSize } from "../quantities.ts";
import { filesOfMount, removeFilesOfMount, writeRecord } from "../runtime-directory.ts";
import { ServedMount } from "./served-mount.ts";
import type { MountSettings } from "./settings.ts";

/** Mounts, calls `ready`, and answers with the exit status once the mount is gone. */
export async function serve(settings: MountSettings, log: Log, ready: () => void): Promise<number> {
  const { directory } = settings;
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

async function startMount(settings: MountSettings, log: Log): Promise<ServedMount> {
  const volume = await startVolume(settings);
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
  return new ServedMount({ volume, mount, log, url, directory, drainTimeoutMs });
}

async function startVolume(settings: MountSettings): Promise<Volume> {
  const store = await settings.location.open();
  const { pageSize, budgetBytes, dirtyLimitBytes, dirtyBackgroundBytes, readaheadBytesMax } = settings;
  try {
    return await openVolume(store, {
      pageSize,
      budgetBytes,
      dirtyLimitBytes,
      dirtyBackgroundBytes,
      ...(readaheadBytesMax === undefined ? {} : { readaheadBytesMax }),
      attributeTimeoutMs: settings.attributeTimeoutMs,
      entryTimeoutMs: settings.attributeTimeoutMs,
      storeTimeoutMs: settings.storeTimeoutMs,
      prepareMemory,
    });
  } catch (thrown) {
    throw new CommandError(`the store ${settings.url} cannot be opened: ${failureFrom(thrown).message}`);
  }
}

function mountFailure(thrown: unknown, settings: MountSettings): CommandError {
  const failure = failureFrom(thrown, { syscall: "mount" });
  const advice =
    failure.code === "EPERM" || failure.code === "EACCES"
      ? "; mount as root, or install fuse3 and use a directory of your own"
      : "";
  return new CommandError(`cannot mount at ${settings.directory}: ${failure.message}${advice}`);
}

async function answer(
  served: ServedMount | undefined,
  settings: MountSettings,
  request: ControlRequest,
  progress: (line: ControlProgress) => void,
): Promise<ControlAnswer> {
  if (served === undefined) return { kind: "error", message: "the mount is not ready yet; try again" };
  if (request.verb === "status") return { kind: "status", status: served.status() };
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
