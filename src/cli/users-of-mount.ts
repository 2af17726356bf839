/**
 * Which processes use a mount: open files, working directories, memory mappings. Only links in /proc are read, so the mount
 * itself is not asked anything.
 */
import { readdir, readFile, readlink } from "node:fs/promises";

export interface MountUser {
  readonly processId: number;
  readonly command: string;
  /** The path it holds, as its own link in /proc says. */
  readonly path: string;
  readonly how: "open file" | "working directory" | "root directory" | "mapping";
}

const listedUsersMax = 100;

/** The users that this process may see, itself left out: all of them for root, one's own otherwise. */
export async function usersOfMount(directory: string): Promise<MountUser[]> {
  const users: MountUser[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid || users.length >= listedUsersMax) continue;
    for (const { path, how } of await holdsOf(entry, directory)) {
      users.push({ processId: Number(entry), command: await commandOf(entry), path, how });
    }
  }
  return users;
}

type Hold = Pick<MountUser, "path" | "how">;

async function holdsOf(entry: string, directory: string): Promise<Hold[]> {
  const holds: Hold[] = [];
  const add = (path: string | undefined, how: Hold["how"]): void => {
    const inside = path !== undefined && `${path}/`.startsWith(`${directory}/`);
    if (inside && !holds.some((hold) => hold.path === path)) holds.push({ path, how });
  };
  add(await linkTarget(`/proc/${entry}/cwd`), "working directory");
  add(await linkTarget(`/proc/${entry}/root`), "root directory");
  for (const name of await readdir(`/proc/${entry}/fd`).catch(() => [])) {
    add(await linkTarget(`/proc/${entry}/fd/${name}`), "open file");
  }
  const maps = await readFile(`/proc/${entry}/maps`, "utf8").catch(() => "");
  for (const line of maps.split("\n")) {
    const start = line.indexOf("/");
    if (start > 0) add(line.slice(start), "mapping");
  }
  return holds;
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch {
    return undefined;
  }
}

async function commandOf(entry: string): Promise<string> {
  return (await readFile(`/proc/${entry}/comm`, "utf8").catch(() => "?")).trim();
}
