/** A rescue entry of a file system that is mounted again, and then has another device number, as after a reboot. */
import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runHoldfast } from "../kit/command.ts";
import { run, runOwn } from "../kit/mounted-store.ts";
import { scratchDirectory } from "../kit/scratch.ts";
import { lacksFileSystem, mountSmallDisk } from "../kit/small-disk.ts";

const lacking = await lacksFileSystem("ext4");

it.skipIf(lacking !== undefined)(
  `[S5.3] an entry is restored though its file has another device number (needs root and ext4; lacking: ${lacking ?? "nothing"})`,
  async () => {
    const scratch = await scratchDirectory("remount");
    const place = (name: string): string => join(scratch, name);
    const [store, before, rescue] = [place("store"), place("before"), place("rescue")];
    for (const directory of [store, before]) await mkdir(directory);
    await mkdir(rescue, { mode: 0o700 });
    const mounted = [store];
    await mountSmallDisk("ext4", place("image"), store);
    try {
      const letter = join(store, "letter");
      await writeFile(letter, "what the store has");
      const { dev } = await stat(letter);
      const entry = { rescue, store, path: "/letter", ranges: { 0: "WHAT" }, uid: 0, gid: 0 };
      const id = (await runOwn("rescue-keep", [JSON.stringify(entry)])).trim();

      // It stays mounted elsewhere, so its device number is taken.
      await run("mount", ["--bind", store, before]);
      mounted.push(before);
      await run("umount", [store]);
      await run("sync", ["-f", before]);
      await copyFile(place("image"), place("copy"));
      await run("mount", ["-o", "loop", place("copy"), store]);
      expect((await stat(letter)).dev).not.toBe(dev);

      const restored = await runHoldfast(["rescue", "restore", id, "--rescue", rescue]);
      expect(restored).toMatchObject({ status: 0, stderr: "" });
      expect(await readFile(letter, "utf8")).toBe("WHAT the store has");
    } finally {
      for (const directory of mounted) await run("umount", [directory]);
    }
  },
);
