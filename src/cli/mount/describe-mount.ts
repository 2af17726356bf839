/** A running mount in words and numbers, for `status` and for messages. */
import { type OpenFile, openFlags, type Volume } from "../../files/index.ts";
import type { Mount } from "../../fuse/index.ts";
import type { DirtyFileStatus, MountStatus, OpenFileStatus } from "../control/protocol.ts";

/** Lists are cut here, so that a status of a million files stays readable and bounded. */
const listedFilesMax = 1000;

export function openFilesOf(volume: Volume): OpenFileStatus[] {
  return volume.snapshot().openFiles.slice(0, listedFilesMax).map(describeOpenFile);
}

function describeOpenFile(file: OpenFile): OpenFileStatus {
  const mode = file.flags & openFlags.O_ACCMODE;
  const access = mode === openFlags.O_RDONLY ? "read" : mode === openFlags.O_WRONLY ? "write" : "read and write";
  return { path: file.path, uid: file.credential.uid, access, processId: file.processId };
}

/** The files with unsent bytes, largest first. */
export function dirtyFilesOf(volume: Volume): DirtyFileStatus[] {
  return dirtyFilesIn(volume.snapshot().dirtyFiles);
}

function dirtyFilesIn(files: readonly DirtyFileStatus[]): DirtyFileStatus[] {
  return [...files].sort((one, other) => other.dirtyBytes - one.dirtyBytes).slice(0, listedFilesMax);
}

export function statusOf(
  volume: Volume,
  mount: Mount,
  known: Pick<MountStatus, "url" | "directory" | "state" | "mountedAtMs">,
): MountStatus {
  const { openFiles, dirtyFiles, ...counts } = volume.snapshot();
  return {
    ...known,
    processId: process.pid,
    openFiles: openFiles.slice(0, listedFilesMax).map(describeOpenFile),
    dirtyFiles: dirtyFilesIn(dirtyFiles),
    dirtyBytes: dirtyFiles.reduce((sum, file) => sum + file.dirtyBytes, 0),
    volume: { ...counts },
    requests: { ...mount.counters },
  };
}
