/** A small file system of its own in a file, for stores that have no room, or none for one user. Needs root. */
import { truncate, writeFile } from "node:fs/promises";
import { attempt, run } from "./mounted-store.ts";

const bytes = { ext4: 8 * 1024 * 1024, btrfs: 128 * 1024 * 1024, exfat: 8 * 1024 * 1024 } as const;
export type FileSystemType = keyof typeof bytes;

/** Flags of each maker: of an ext4 nothing is kept back for root. */
const makerFlags = { ext4: ["-q", "-m", "0"], btrfs: ["-q"], exfat: [] } as const;
/** FS_IOC_SHUTDOWN of linux/fs.h, as perl(1) has to be told it. */
const shutDown = '$how = pack("L", $ARGV[1]); open(D, "<", $ARGV[0]) && ioctl(D, 0x8004587d, $how) or die "$!"';
/** How: what is dirty is written first, or nothing is, not even the journal. */
const flushing = "0";
const withoutFlush = "2";

/** Why there can be no such file system here; undefined where there can. */
export async function lacksFileSystem(type: FileSystemType): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "needs root to mount it";
  const makes = await attempt("sh", ["-c", `command -v mkfs.${type}`]);
  if (makes.status !== 0) return `mkfs.${type} is not installed`;
  if ((await isKnownToKernel(type)) || (await hasFuseServer(type))) return undefined;
  return `this kernel has no ${type}${type === "exfat" ? ", and exfat-fuse is not installed" : ""}`;
}

async function isKnownToKernel(type: FileSystemType): Promise<boolean> {
  const known = await attempt("sh", ["-c", `modprobe ${type} 2> /dev/null; grep -qw ${type} /proc/filesystems`]);
  return known.status === 0;
}

async function hasFuseServer(type: FileSystemType): Promise<boolean> {
  return type === "exfat" && (await attempt("sh", ["-c", "command -v mount.exfat-fuse"])).status === 0;
}

/** Makes the file system in `image` and mounts it on `directory`. Whoever asks unmounts it. */
export async function mountSmallDisk(
  type: FileSystemType,
  image: string,
  directory: string,
  size: number = bytes[type],
): Promise<void> {
  await writeFile(image, "");
  await truncate(image, size);
  await run(`mkfs.${type}`, [...makerFlags[type], image]);
  await mountAgain(type, image, directory);
}

/** Mounts a file system that is in `image` already. */
export async function mountAgain(type: FileSystemType, image: string, directory: string): Promise<void> {
  if (await isKnownToKernel(type)) {
    await run("mount", ["-t", type, "-o", "loop", image, directory]);
    return;
  }
  const device = (await run("losetup", ["--find", "--show", image])).trim();
  try {
    await run("mount.exfat-fuse", [device, directory]);
  } finally {
    // It lets go of the image when nobody has it open any more.
    await run("losetup", ["--detach", device]);
  }
}

/**
 * What is mounted on `directory` fails from now on, and what it has not written to its disk is lost. For ext4. A program that
 * waits for an fsync just then may be told that it succeeded (Linux 6.18): see `breakDisksOn`.
 */
export async function pullOut(directory: string): Promise<void> {
  await run("perl", ["-e", shutDown, directory, withoutFlush]);
  await run("umount", ["--lazy", directory]);
}

/** Disks whose images lie on the ext4 at `directory` answer every read and write with an error from now on. */
export async function breakDisksOn(directory: string): Promise<void> {
  await run("perl", ["-e", shutDown, directory, flushing]);
}
