/**
 * What stands at a directory that somebody wants to mount on, or unmount. A mount whose server was killed answers every
 * question with ENOTCONN, and one whose server hangs answers none, so the mount table is asked first.
 */
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { failureFrom } from "../base/index.ts";
import { clearDeadMount, mountedOn, mountHealth, mountType } from "../fuse/index.ts";
import { CommandError } from "./command-error.ts";
import { ask } from "./control/client.ts";
import { findFilesOfMount, removeFilesOfMount } from "./runtime-directory.ts";

const answerMsMax = 5_000;

/** The path without symbolic links, found without touching what may be mounted there. */
export async function resolveMountPoint(given: string): Promise<string> {
  const path = resolve(given);
  if (path === "/") return path;
  const parent = await realpath(dirname(path)).catch(() => dirname(path));
  const direct = join(parent, basename(path));
  if ((await mountedOn(direct)) !== undefined) return direct;
  return realpath(direct).catch(() => direct);
}

/** Whether a server answers for the directory. One that listens and says nothing in time counts as alive. */
async function serverAnswers(directory: string): Promise<boolean> {
  const { socket } = await findFilesOfMount(directory);
  try {
    return (await ask(socket, { verb: "status" }, { silenceMsMax: answerMsMax })) !== undefined;
  } catch {
    return true;
  }
}

/** What stands at a mount point. */
export type Occupant = "nothing" | "running mount" | "dead mount" | "other mount";

export async function occupantOf(directory: string): Promise<Occupant> {
  const entry = await mountedOn(directory);
  if (entry === undefined) return "nothing";
  if (entry.type !== mountType) return "other mount";
  if (await serverAnswers(directory)) return "running mount";
  return (await mountHealth(directory)) === "dead" ? "dead mount" : "running mount";
}

/** Takes away a mount whose server is gone, and its files. What was open in it is dead already. */
export async function clearDead(directory: string): Promise<void> {
  try {
    await clearDeadMount(directory);
  } catch (thrown) {
    throw new CommandError(`the dead mount at ${directory} cannot be cleared: ${failureFrom(thrown).message}`);
  }
  await removeFilesOfMount(directory);
}

/** Fails with one clear line unless a mount can be made at the directory. A dead mount of ours is cleared first. */
export async function requireFreeMountPoint(directory: string, allowNonEmpty: boolean): Promise<void> {
  const occupant = await occupantOf(directory);
  if (occupant === "running mount") {
    throw new CommandError(
      `${directory} is mounted by holdfast already; unmount it first: holdfast unmount ${directory}`,
    );
  }
  if (occupant === "other mount") {
    throw new CommandError(`another file system is mounted at ${directory}; choose another directory`);
  }
  if (occupant === "dead mount") await clearDead(directory);
  if (occupant === "nothing" && (await serverAnswers(directory))) {
    throw new CommandError(
      `another holdfast is starting or still draining at ${directory}; see: holdfast status ${directory}`,
    );
  }
  if ((await seenIn(directory, allowNonEmpty)).length > 0) {
    throw new CommandError(`${directory} is not empty; choose an empty directory, or hide its files with --non-empty`);
  }
}

/** The names in the directory that stand in the way. */
async function seenIn(directory: string, allowNonEmpty: boolean): Promise<readonly string[]> {
  try {
    if ((await stat(directory)).isDirectory()) return allowNonEmpty ? [] : await readdir(directory);
  } catch (thrown) {
    const { code } = thrown as { code?: string };
    if (code === "ENOENT")
      throw new CommandError(`the mount point ${directory} does not exist; make it first: mkdir -p ${directory}`);
    if (code === "EACCES")
      throw new CommandError(`the mount point ${directory} is not open to you; use a directory of your own`);
    throw new CommandError(`the mount point ${directory} cannot be used (${code ?? String(thrown)})`);
  }
  throw new CommandError(`the mount point ${directory} is not a directory; choose an empty directory`);
}

/** Fails when a store and its mount point lie inside each other: the mount would be asked by its own server and freeze. */
export async function requireApart(directory: string, storeDirectory: string | undefined): Promise<void> {
  if (storeDirectory === undefined) return;
  const store = await realpath(storeDirectory).catch(() => storeDirectory);
  if ((await isInside(store, directory)) || (await isInside(directory, store)))
    throw new CommandError(`the store ${store} and the mount point ${directory} lie inside each other; move one`);
}

/** Fails when refused bytes would be kept below the mount itself, or by the store that refused them. */
export async function requireRescueApart(
  rescue: string,
  directory: string,
  storeDirectory: string | undefined,
): Promise<void> {
  if (await isInside(rescue, directory)) {
    throw new CommandError(`the rescue directory ${rescue} lies inside the mount point ${directory}; use another one`);
  }
  if (storeDirectory === undefined) return;
  const store = await realpath(storeDirectory).catch(() => storeDirectory);
  if (await isInside(rescue, store)) {
    throw new CommandError(`the rescue directory ${rescue} lies inside the store ${store}; use another one`);
  }
}

/** Whether the path lies in the directory, or is it, under any of its names: what is mounted below a bind mount shows below the other, too. */
async function isInside(path: string, directory: string): Promise<boolean> {
  if (directory === "/" || `${path}/`.startsWith(`${directory}/`)) return true;
  const sought = await identityOf(directory);
  if (sought === undefined) return false;
  for (let at = path; at !== "/"; at = dirname(at)) if ((await identityOf(at)) === sought) return true;
  return (await identityOf("/")) === sought;
}

async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? undefined : `${found.dev}.${found.ino}`;
}

/** Fails with one clear line where the kernel offers no FUSE. */
export async function requireFuse(): Promise<void> {
  try {
    await stat("/dev/fuse");
  } catch {
    throw new CommandError(
      "there is no /dev/fuse; load the kernel's module (modprobe fuse), or give this container the device",
    );
  }
}
