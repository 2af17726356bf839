/**
 * A drive that is a directory where media are mounted, such as /media/usb. A medium is told by a marker: a small file at its
 * root with an id of its own, so a mount point that is empty, or has another medium, is known as such on any file system.
 *
 * The marker says when it was made, and the file system says when the file was: nobody can set that, so a marker that was
 * copied to another medium is none. File systems that do not keep it (through FUSE, as exfat-fuse) are believed.
 */

import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { Failure, failureFrom } from "../../base/index.ts";
import type { Store } from "../../port/index.ts";
import type { Drive, Inserted, KnownBy, MediumId } from "./medium.ts";

const markerName = ".holdfast-medium";
const markerForm = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\nmade (\d+|at a time that is not kept)\n$/;
/** What lies on a medium may be anything: a pipe is not waited for, and a link leads to no other medium's marker. */
const carefully = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
const unknownTime = "at a time that is not kept";
/** More than a marker has. */
const markerBytesMax = 128;
/** FAT keeps local times, which move with the summer time and from zone to zone, by quarters of an hour. */
const zoneStepMs = 15n * 60n * 1000n;

/** File systems that give out inode numbers anew at each mount, by f_type of statfs(2): FAT, exFAT, and FUSE, which may. */
const unlastingInodes: ReadonlySet<number> = new Set([0x4d44, 0x2011bab0, 0x65735546]);

/** `openStore` opens a store over what is mounted at `path`; it must stay with that file system (see `Drive.open`). */
export function directoryDrive(path: string, openStore: () => Store): Drive {
  const identify = async (): Promise<Inserted | undefined> => {
    const found = await readMarker(path);
    if (found === undefined || found.isCopy) return undefined;
    return { medium: found.medium, insertion: found.insertion, knownBy: await knownByAt(path) };
  };
  return { marker: markerName, identify, open: openStore };
}

/** What became of a medium's marker: whether it was there, is new, or is new because what was there is another medium's. */
export interface Marked {
  readonly medium: MediumId;
  readonly was: "there" | "missing" | "copied";
}

/** Gives the medium that is mounted at `path` a marker, unless it has one of its own. */
export async function markMedium(path: string): Promise<Marked> {
  const known = await readMarker(path);
  if (known?.isCopy === false) return { medium: known.medium, was: "there" };
  try {
    return { medium: await writeMarker(path), was: known === undefined ? "missing" : "copied" };
  } catch (thrown) {
    const cause = failureFrom(thrown, { syscall: "open" });
    const detail = `a medium that may be taken out needs a file ${markerName} at its root`;
    throw new Failure(cause.code, { syscall: "open", path, detail, cause });
  }
}

/** Under another name first, so that a marker is whole whenever the medium is taken out. */
async function writeMarker(path: string): Promise<MediumId> {
  const id = randomUUID();
  const fresh = join(path, `${markerName}.${id}`);
  try {
    await using file = await open(fresh, "wx", 0o644);
    await file.writeFile(`${id}\nmade ${(await birthOf(file)) ?? unknownTime}\n`);
    await file.sync();
    await rename(fresh, join(path, markerName));
  } catch (thrown) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw thrown;
  }
  await using directory = await open(path, "r");
  await directory.sync();
  return id;
}

interface Marker {
  readonly medium: MediumId;
  /** The device: what was opened on another device does not reach this medium. */
  readonly insertion: string;
  /** Whether the file was made at another time than the marker: it was copied. */
  readonly isCopy: boolean;
}

async function readMarker(path: string): Promise<Marker | undefined> {
  let file: FileHandle;
  try {
    file = await open(join(path, markerName), carefully);
  } catch (thrown) {
    if (/^(ENOENT|ELOOP|ENXIO)$/.test((thrown as { code?: string }).code ?? "")) return undefined;
    throw thrown;
  }
  try {
    const status = await file.stat();
    if (!status.isFile()) return undefined;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(markerBytesMax), 0, markerBytesMax, 0);
    const [, medium, made] = markerForm.exec(buffer.toString("utf8", 0, bytesRead)) ?? [];
    if (medium === undefined || made === undefined) return undefined;
    const birth = await birthOf(file);
    const isKept = made !== unknownTime && birth !== undefined;
    return { medium, insertion: String(status.dev), isCopy: isKept && (BigInt(made) - birth) % zoneStepMs !== 0n };
  } finally {
    await file.close();
  }
}

/** Milliseconds since 1970; undefined where the file system does not keep it. */
async function birthOf(file: FileHandle): Promise<bigint | undefined> {
  const { birthtimeMs } = await file.stat({ bigint: true });
  return birthtimeMs === 0n ? undefined : birthtimeMs;
}

async function knownByAt(path: string): Promise<KnownBy> {
  return unlastingInodes.has((await statfs(path)).type) ? "path" : "inode";
}
