/** A small file system of its own in a file, for stores that have no room, or none for one user. Needs root. */
import { truncate, writeFile } from "node:fs/promises";
import { attempt, run } from "./mounted-store.ts";

const bytes = { ext4: 8 * 1024 * 1024, btrfs: 128 * 1024 * 1024 } as const;

/** Why there can be no such file system here; undefined where there can. */
export async function lacksFileSystem(type: keyof typeof bytes): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "needs root to mount it";
  const makes = await attempt("sh", ["-c", `command -v mkfs.${type}`]);
  if (makes.status !== 0) return `mkfs.${type} is not installed`;
  const known = await attempt("sh", ["-c", `modprobe ${type} 2> /dev/null; grep -qw ${type} /proc/filesystems`]);
  return known.status === 0 ? undefined : `this kernel has no ${type}`;
}

/** Makes the file system in `image` and mounts it on `directory`. Whoever asks unmounts it. */
export async function mountSmallDisk(type: keyof typeof bytes, image: string, directory: string): Promise<void> {
  await writeFile(image, "");
  await truncate(image, bytes[type]);
  // Of an ext4 nothing is kept back for root.
  await run(`mkfs.${type}`, type === "ext4" ? ["-q", "-m", "0", image] : ["-q", image]);
  await run("mount", ["-o", "loop", image, directory]);
}
