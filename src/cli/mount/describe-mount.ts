/** A running mount in words and numbers, for `status` and for messages. */
import type { Milliseconds } from "../../base/index.ts";
import { type OpenFile, openFlags, type Volume, type WritebackFailed } from "../../files/index.ts";
import type { Mount } from "../../fuse/index.ts";
import { type EntryFate, formatWallTime, type Rescue } from "../../rescue/index.ts";
import type {
  DirtyFileStatus,
  MountStatus,
  OpenFileStatus,
  RefusalStatus,
  RefusalsStatus,
} from "../control/protocol.ts";
import { isDisposedOf, refusedEntries } from "./refused-entries.ts";

/** Lists are cut here, so that a status of a million files stays readable and bounded. */
const listedFilesMax = 1000;
const listedRefusalsMax = 1000;
const listedRangesMax = 100;
/** Whoever asks for the status waits so long at most for the disk of the rescue. */
const statusLookMsMax: Milliseconds = 2_000;

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
  const held = ({ dirtyBytes, unrescuedBytes }: DirtyFileStatus): number => dirtyBytes + unrescuedBytes;
  return [...files].sort((one, other) => held(other) - held(one)).slice(0, listedFilesMax);
}

/** What the store refused. Those whose bytes are in memory only are never left out. */
export async function refusalsOf(
  volume: Volume,
  rescue: Rescue,
  lookMsMax: Milliseconds = statusLookMsMax,
): Promise<RefusalsStatus> {
  const { refusalCount } = volume.snapshot();
  const all = await refusedEntries(volume, rescue, lookMsMax);
  const left = all.filter(({ refusal }) => refusal.outcome === "unrescued").length;
  let spare = Math.max(0, all.length - Math.max(listedRefusalsMax, left));
  const listed = all.filter(({ refusal }) => refusal.outcome === "unrescued" || spare-- <= 0);
  return {
    rescueDirectory: rescue.directory,
    refusals: listed.map(({ refusal, fate }) => describeRefusal(refusal, fate)),
    refusalCount,
    standingCount: Math.max(refusalCount, all.length) - all.filter(isDisposedOf).length,
  };
}

export function describeRefusal(refusal: WritebackFailed, fate?: EntryFate): RefusalStatus {
  const { toldAtNs, path, credential, failure, refusalClass, outcome, ranges, rescueId, rescueFailure } = refusal;
  return {
    toldAt: formatWallTime(toldAtNs),
    path,
    uid: credential.uid,
    credential: credential.id,
    code: failure.code,
    why: failure.message,
    class: refusalClass,
    outcome,
    byteCount: ranges.reduce((sum, { start, end }) => sum + (end - start), 0),
    ranges: ranges.slice(0, listedRangesMax).map(({ start, end }) => ({ start, end })),
    rangeCount: ranges.length,
    rescueId: rescueId ?? null,
    fate: fate ?? null,
    copyIsMixed: refusal.copyIsMixed,
    rescueFailure: rescueFailure?.message ?? null,
    sizeBefore: refusal.sizeBefore,
    sizeAfter: refusal.sizeAfter,
    hole: refusal.hole ?? null,
    mayHaveBeenRead: refusal.mayHaveBeenRead,
  };
}

export async function statusOf(
  volume: Volume,
  mount: Mount,
  rescue: Rescue,
  known: Pick<MountStatus, "url" | "directory" | "state" | "mountedAtMs">,
): Promise<MountStatus> {
  const refused = await refusalsOf(volume, rescue);
  const { openFiles, dirtyFiles, refusalCount: _, ...counts } = volume.snapshot();
  return {
    ...known,
    ...refused,
    processId: process.pid,
    openFiles: openFiles.slice(0, listedFilesMax).map(describeOpenFile),
    dirtyFiles: dirtyFilesIn(dirtyFiles),
    dirtyBytes: dirtyFiles.reduce((sum, file) => sum + file.dirtyBytes, 0),
    volume: { ...counts },
    requests: { ...mount.counters },
  };
}
