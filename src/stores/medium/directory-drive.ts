/**
 * A drive that is a directory where media are mounted, such as /media/usb. A medium is told by a marker: a small file at its
 * root with an id of its own, so a mount point that is empty, or has another medium, is known as such on any file system.
 */
import { randomUUID } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Failure, failureFrom } from "../../base/index.ts";
import type { Store } from "../../port/index.ts";
import type { Drive, MediumId } from "./medium.ts";

const markerName = ".holdfast-medium";
const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `openStore` opens a store over what is mounted at `path`; it must stay with that file system (see `Drive.open`). */
export function directoryDrive(path: string, openStore: () => Store): Drive {
  return { identify: (signal) => readMarker(path, signal), open: openStore };
}

/** Gives the medium that is mounted at `path` a marker, unless it has one; answers its id. */
export async function markMedium(path: string): Promise<MediumId> {
  const known = await readMarker(path);
  if (known !== undefined) return known;
  const id = randomUUID();
  try {
    await using file = await open(join(path, markerName), "wx", 0o644);
    await file.writeFile(`${id}\n`);
    await file.sync();
  } catch (thrown) {
    const cause = failureFrom(thrown, { syscall: "open" });
    const detail = `a medium that may be taken out needs a file ${markerName} at its root`;
    throw new Failure(cause.code, { syscall: "open", path, detail, cause });
  }
  return id;
}

async function readMarker(path: string, signal?: AbortSignal | object): Promise<MediumId | undefined> {
  const text = await readFile(join(path, markerName), {
    encoding: "utf8",
    ...(signal instanceof AbortSignal ? { signal } : {}),
  }).catch((thrown) => {
    if (thrown.code === "ENOENT") return "";
    throw thrown;
  });
  const id = text.trim();
  return idForm.test(id) ? id : undefined;
}
