/**
 * The kernel's table of mounts, read from /proc. Reading it asks no file system anything, so it is safe whatever state a
 * mount is in.
 */
import { readFile } from "node:fs/promises";

export interface MountEntry {
  readonly directory: string;
  readonly fileSystemType: string;
  readonly source: string;
}

/** The type under which the kernel lists our mounts. */
const ourType = "fuse.holdfast";

/** All mounts this process sees, in the order they were made. */
export async function readMountTable(): Promise<MountEntry[]> {
  const text = await readFile("/proc/self/mountinfo", "utf8");
  const entries: MountEntry[] = [];
  for (const line of text.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const directory = before.split(" ")[4];
    const [fileSystemType, source] = after.split(" ");
    if (directory === undefined || fileSystemType === undefined || source === undefined) continue;
    entries.push({ directory: unescapeOctal(directory), fileSystemType, source: unescapeOctal(source) });
  }
  return entries;
}

/** What is mounted at a directory, the topmost mount. */
export async function mountAt(directory: string): Promise<MountEntry | undefined> {
  return (await readMountTable()).filter((entry) => entry.directory === directory).at(-1);
}

export function isOurs(entry: MountEntry): boolean {
  return entry.fileSystemType === ourType;
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
