/**
 * A mount of ours whose server was killed stays in the mount table and answers everything with ENOTCONN. Mounting there
 * again clears it first; a mount that is alive, or not ours, is left alone.
 */
import { realpath, stat } from "node:fs/promises";
import path from "node:path";
import { Failure } from "../../base/index.ts";
import { mountFlags, unmount } from "../../system/index.ts";
import { unmountAsUser } from "./fusermount.ts";
import { mountedOn, mountType } from "./mount-table.ts";

/** How long a mount may take to show that it is alive. */
const answerMsMax = 2_000;

export type MountHealth = "none" | "alive" | "dead";

/** Whether a mount of ours lies on the directory, and whether anybody serves it. One that does not answer counts as alive. */
export async function mountHealth(directory: string): Promise<MountHealth> {
  const entry = await mountedOn(await withoutLinks(directory));
  if (entry?.type !== mountType) return "none";
  const timer: { handle?: NodeJS.Timeout } = {};
  const silence = new Promise<MountHealth>((resolve) => {
    timer.handle = setTimeout(() => resolve("alive"), answerMsMax);
  });
  const answer = stat(directory).then(
    (): MountHealth => "alive",
    (error: NodeJS.ErrnoException): MountHealth =>
      error.code === "ENOTCONN" || error.code === "ECONNABORTED" ? "dead" : "alive",
  );
  const health = await Promise.race([answer, silence]);
  clearTimeout(timer.handle);
  return health;
}

/** Takes a dead mount of ours away; EBUSY when one that is alive lies there. Answers whether there was one. */
export async function clearDeadMount(directory: string): Promise<boolean> {
  const resolved = await withoutLinks(directory);
  const health = await mountHealth(resolved);
  if (health === "none") return false;
  if (health === "alive") {
    throw new Failure("EBUSY", { syscall: "mount", path: directory, detail: "already mounted by holdfast" });
  }
  // Nobody can write to a dead mount any more, so nothing is lost by letting programs that hold it keep it.
  if (process.geteuid?.() === 0) await unmount(resolved, mountFlags.MNT_DETACH);
  else await unmountAsUser(resolved, true);
  return true;
}

/** The directory's full path; the directory itself may be dead, so only the way to it is looked at. */
async function withoutLinks(directory: string): Promise<string> {
  const resolved = path.resolve(directory);
  const parent = await realpath(path.dirname(resolved)).catch(() => path.dirname(resolved));
  return path.join(parent, path.basename(resolved));
}
