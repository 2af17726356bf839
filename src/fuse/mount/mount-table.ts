/** The mount table as the kernel shows it (proc(5), /proc/self/mountinfo). Reading it asks no file system anything. */
import { readFile } from "node:fs/promises";

export interface MountTableEntry {
  /** MAJOR:MINOR, which names the mount's directory below /sys/class/bdi. */
  readonly device: string;
  readonly directory: string;
  readonly type: string;
  readonly source: string;
}

/** The type that our mounts carry. */
export const mountType = "fuse.holdfast";

/** All mounts that this process sees, oldest first. */
async function readMountTable(): Promise<readonly MountTableEntry[]> {
  return parseMountTable(await readFile("/proc/self/mountinfo", "utf8"));
}

/** `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue` */
export function parseMountTable(text: string): readonly MountTableEntry[] {
  const entries: MountTableEntry[] = [];
  for (const line of text.split("\n")) {
    const [before, after] = line.split(" - ");
    const [, , device, , directory] = before?.split(" ") ?? [];
    const [type, source] = after?.split(" ") ?? [];
    if (device === undefined || directory === undefined || type === undefined) continue;
    entries.push({ device, directory: unescaped(directory), type, source: unescaped(source ?? "") });
  }
  return entries;
}

/** Space, tab, newline and backslash are written in octal. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** What is mounted on a directory now: the last of several. */
export async function mountedOn(directory: string): Promise<MountTableEntry | undefined> {
  const table = await readMountTable();
  return table.filter((entry) => entry.directory === directory).at(-1);
}
