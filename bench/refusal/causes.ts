/** How the server comes to say no. All of it is done on the server's side, behind the back of whoever has the mount. */
import { chown, open, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { attempt, run } from "../../test/kit/mounted-store.ts";
import { lacksFileSystem } from "../../test/kit/small-disk.ts";
import { type Ground, original, wholeBytes } from "./ground.ts";
import { writer } from "./ssh-server.ts";

export interface Cause {
  readonly name: string;
  readonly how: string;
  readonly disk: "ext4" | "btrfs";
  /** Only what speaks to the server over the wire can meet it. */
  readonly overWireOnly?: true;
  /** What the file holds once the cause is in force, as far as others than the writer wrote it. */
  readonly others: string;
  /** Whether the cause can be taken away only while nobody uses the disk. */
  readonly needsIdleDisk?: true;
  apply(ground: Ground): Promise<void>;
  /** Takes the cause away; missing where nothing can. */
  undo?(ground: Ground): Promise<void>;
  /** Why it cannot be made here. */
  lacks?(): Promise<string | undefined>;
}

const fileByOthers = "O".repeat(wholeBytes);

export const causes: readonly Cause[] = [
  {
    name: "EACCES",
    how: "chown of the file to root, mode 0644",
    disk: "ext4",
    others: original,
    apply: (ground) => chown(ground.file, 0, 0),
    undo: (ground) => chown(ground.file, writer.uid, writer.gid),
  },
  {
    name: "EPERM",
    how: "chattr +i, which forbids writing to those also who have the file open",
    disk: "ext4",
    others: original,
    apply: async (ground) => void (await run("chattr", ["+i", ground.file])),
    undo: async (ground) => void (await run("chattr", ["-i", ground.file])),
  },
  {
    name: "EDQUOT",
    how: "btrfs quota of 512 KiB",
    disk: "btrfs",
    others: original,
    lacks: () => lacksFileSystem("btrfs"),
    apply: async (ground) => {
      await run("sync", ["-f", ground.disk]);
      await limitQuota(ground, "512K");
    },
    undo: (ground) => limitQuota(ground, "none"),
  },
  {
    name: "ENOSPC",
    how: "another file fills the disk",
    disk: "ext4",
    others: original,
    apply: async (ground) => {
      await attempt("sh", ["-c", "cat /dev/zero > ballast; sync -f ."], { directory: ground.disk });
    },
    undo: (ground) => rm(join(ground.disk, "ballast")),
  },
  {
    name: "EROFS",
    how: "the disk meets an error and becomes read-only (mount -o remount,abort)",
    disk: "ext4",
    others: original,
    needsIdleDisk: true,
    apply: async (ground) => {
      await run("sync", ["-f", ground.disk]);
      await run("mount", ["-o", "remount,abort", ground.disk]);
    },
    undo: async (ground) => {
      await run("umount", [ground.disk]);
      await run("mount", ["-o", "loop", ground.image, ground.disk]);
    },
  },
  {
    name: "conflict",
    how: "another client overwrites the file from its start to its end, and with it what was sent before",
    disk: "ext4",
    others: fileByOthers,
    apply: async (ground) => {
      await using file = await open(ground.file, "r+");
      await file.write(fileByOthers, 0);
    },
  },
  {
    name: "deletion",
    how: "another client unlinks the file",
    disk: "ext4",
    others: "",
    apply: (ground) => unlink(ground.file),
  },
  {
    name: "hang, disk",
    how: "fsfreeze: the server waits inside write(2)",
    disk: "ext4",
    others: original,
    apply: async (ground) => void (await run("fsfreeze", ["-f", ground.disk])),
    undo: async (ground) => void (await run("fsfreeze", ["-u", ground.disk])),
  },
  {
    name: "hang, server",
    how: "SIGSTOP to the processes of sshd",
    disk: "ext4",
    others: original,
    overWireOnly: true,
    apply: (ground) => ground.server.signal("SIGSTOP"),
    undo: (ground) => ground.server.signal("SIGCONT"),
  },
];

/** Asked for at the top of the disk: below the quota, to change it would itself be more than the quota allows. */
async function limitQuota(ground: Ground, size: string): Promise<void> {
  const id = (await run("btrfs", ["inspect-internal", "rootid", ground.home])).trim();
  await run("btrfs", ["qgroup", "limit", size, `0/${id}`, ground.disk]);
}
