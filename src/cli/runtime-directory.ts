/**
 * Where running mounts are found: a directory of this user's own, closed to all others, with a control socket and a record
 * for each mount, named by a hash of the mount point. A mount is often made in one session and asked from another, and not
 * every session knows XDG_RUNTIME_DIR: a new mount leaves its files in the first of the user's *places*, and is looked for
 * in all of them.
 */
import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError } from "./command-error.ts";

/** What is known of a mount without asking its server. */
export interface MountRecord {
  readonly directory: string;
  /** With secrets masked. */
  readonly url: string;
  readonly processId: number;
  /** Wall-clock time in milliseconds since 1970. */
  readonly mountedAtMs: number;
}

/** Unix socket addresses hold 107 bytes; the file name takes 22 of them. */
const directoryBytesMax = 84;

/** The user's number; not every user has a name that the machine knows. */
function ownUid(): number {
  return process.geteuid?.() ?? 0;
}

/** Where new mounts leave their files. */
function ownPlace(): string {
  const given = process.env.XDG_RUNTIME_DIR;
  if (given !== undefined && given !== "" && given.length + 9 <= directoryBytesMax) return join(given, "holdfast");
  return placeWithoutSession();
}

function placeWithoutSession(): string {
  const uid = ownUid();
  return uid === 0 ? "/run/holdfast" : join(tmpdir(), `holdfast-${uid}`);
}

/** The places that are there, this session's own first. */
async function places(): Promise<readonly string[]> {
  const own = await runtimeDirectory();
  const others = new Set([`/run/user/${ownUid()}/holdfast`, placeWithoutSession()]);
  others.delete(own);
  const there: string[] = [own];
  for (const place of others) if (await isClosedToOthers(place).catch(() => false)) there.push(place);
  return there;
}

async function isClosedToOthers(directory: string): Promise<boolean> {
  const found = await lstat(directory);
  return found.isDirectory() && found.uid === ownUid() && (found.mode & 0o077) === 0;
}

/** The directory, made when it is missing. One that others may write to, or that is not ours, is not used. */
async function runtimeDirectory(): Promise<string> {
  const directory = ownPlace();
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    const advice = "set XDG_RUNTIME_DIR to a directory of your own";
    throw new CommandError(`${directory}, where mounts are found again, cannot be made (${error.code}); ${advice}`);
  });
  if (!(await isClosedToOthers(directory))) {
    throw new CommandError(`${directory} must be a directory of your own with mode 0700; remove it and try again`);
  }
  return directory;
}

function nameOf(mountPoint: string): string {
  return createHash("sha256").update(mountPoint).digest("hex").slice(0, 16);
}

/** The files of one mount. */
export interface MountFiles {
  readonly socket: string;
  readonly record: string;
  readonly log: string;
}

/** Those of a mount that is made now. */
export async function filesOfMount(mountPoint: string): Promise<MountFiles> {
  return filesIn(await runtimeDirectory(), mountPoint);
}

/** Those of a mount that was made earlier, wherever they are. */
export async function findFilesOfMount(mountPoint: string): Promise<MountFiles> {
  const candidates = (await places()).map((place) => filesIn(place, mountPoint));
  for (const files of candidates) if (await isThere(files.socket)) return files;
  return candidates[0] ?? filesOfMount(mountPoint);
}

function filesIn(place: string, mountPoint: string): MountFiles {
  const base = join(place, nameOf(mountPoint));
  return { socket: `${base}.sock`, record: `${base}.json`, log: `${base}.log` };
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

export async function writeRecord(record: MountRecord): Promise<void> {
  const files = await filesOfMount(record.directory);
  await writeFile(files.record, JSON.stringify(record), { mode: 0o600 });
}

/** Takes away socket and record; the log stays for whoever wants to know why. */
export async function removeFilesOfMount(mountPoint: string): Promise<void> {
  for (const place of await places()) {
    const files = filesIn(place, mountPoint);
    await rm(files.socket, { force: true });
    await rm(files.record, { force: true });
  }
}

/** Takes away the log of a mount that ended well, and what it was turned over into. */
export async function removeLogOfMount(mountPoint: string): Promise<void> {
  const { log } = await filesOfMount(mountPoint);
  await rm(log, { force: true });
  await rm(`${log}.1`, { force: true });
}

/** The records of all mounts of this user, the dead ones included. */
export async function readRecords(): Promise<MountRecord[]> {
  const records: MountRecord[] = [];
  for (const place of await places()) {
    for (const name of await readdir(place)) {
      if (!name.endsWith(".json")) continue;
      try {
        records.push(JSON.parse(await readFile(join(place, name), "utf8")) as MountRecord);
      } catch {
        // It went away while we looked, or was cut short by a crash: then the mount table still tells of the mount.
      }
    }
  }
  return records.sort((one, other) => one.directory.localeCompare(other.directory));
}
