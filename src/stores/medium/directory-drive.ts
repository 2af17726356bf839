/**
 * A drive that is a directory where media are mounted, such as /media/usb. A medium is told by a marker: a small file at its
 * root with an id of its own, so a mount point that is empty, or has another medium, is known as such on any file system.
 */
import { randomUUID } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Failure, failureFrom } from "../../base/index.ts";
import type { Store } from "../../port/index.ts";
import type { Drive, Inserted, MediumId } from "./medium.ts";

const markerName = ".holdfast-medium";
const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** More than a marker has. */
const markerBytesMax = 64;

/** `openStore` opens a store over what is mounted at `path`; it must stay with that file system (see `Drive.open`). */
export function directoryDrive(path: string, openStore: () => Store): Drive {
  return { identify: () => readMarker(path), open: openStore };
}

/** Gives the medium that is mounted at `path` a marker, unless it has one; answers its id. */
export async function markMedium(path: string): Promise<MediumId> {
  const known = await readMarker(path);
  if (known !== undefined) return known.medium;
  try {
    return await writeMarker(path);
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
    await file.writeFile(`${id}\n`);
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

/** The medium with this marker, on this device: what was opened on another device does not reach it. */
async function readMarker(path: string): Promise<Inserted | undefined> {
  let file: FileHandle;
  try {
    file = await open(join(path, markerName), "r");
  } catch (thrown) {
    if ((thrown as { code?: string }).code === "ENOENT") return undefined;
    throw thrown;
  }
  try {
    const { dev } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(markerBytesMax), 0, markerBytesMax, 0);
    const medium = buffer.toString("utf8", 0, bytesRead).trim();
    return idForm.test(medium) ? { medium, insertion: String(dev) } : undefined;
  } finally {
    await file.close();
  }
}
