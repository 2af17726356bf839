/** Disks that say no to the rescue directory itself: full, read-only, gone. Small file systems of their own play them. */
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { superuser } from "../../../src/port/index.ts";
import { openRescue } from "../../../src/rescue/index.ts";
import { memoryStore } from "../../../src/stores/memory/index.ts";
import { keep, refusedBytes, refusedRange, refusedText, rescuedText, rescueStage } from "../../kit/rescue-stage.ts";

const isRoot = process.getuid?.() === 0;

interface SmallDisk extends AsyncDisposable {
  readonly directory: string;
  remount(option: "ro" | "rw"): void;
}

/** A file system of 256 KiB, with nothing in it but a rescue directory. */
async function smallDisk(): Promise<SmallDisk> {
  const stage = await rescueStage();
  const point = join(stage.directory, "disk");
  await mkdir(point);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k,mode=755", "tmpfs", point]);
  const directory = join(point, "rescue");
  await mkdir(directory, { mode: 0o700 });
  return {
    directory,
    remount: (option) => execFileSync("mount", ["-o", `remount,${option}`, point]),
    async [Symbol.asyncDispose]() {
      execFileSync("umount", ["--lazy", point]);
      await stage[Symbol.asyncDispose]();
    },
  };
}

describe.skipIf(!isRoot)("a small file system (needs root to mount one)", () => {
  it("[S5.2] a full disk is told with its directory, keeps nothing by halves, and harms no entry", async () => {
    await using disk = await smallDisk();
    await using rescue = await openRescue(disk.directory);
    const small = await keep(rescue, refusedText({ 5: "small and whole" }));
    const large = refusedBytes([refusedRange(0, new Uint8Array(400_000).fill(7), 65_536)]);
    await expect(keep(rescue, large)).rejects.toMatchObject({ code: "ENOSPC", path: disk.directory });
    expect(await readdir(disk.directory)).toEqual([small]);
    const half = refusedBytes([refusedRange(0, new Uint8Array(150_000).fill(7), 65_536)]);
    const kept = await keep(rescue, half);
    await expect(keep(rescue, half)).rejects.toMatchObject({ code: "ENOSPC", path: disk.directory });
    expect((await readdir(disk.directory)).sort()).toEqual([small, kept].sort());
    expect(await rescuedText(rescue, small)).toEqual({ 5: "small and whole" });
    await rescue.discard(kept);
    await keep(rescue, half);
  });

  it("[S5.2] a read-only disk takes nothing and says so; what is on it can be listed, compared and restored", async () => {
    await using disk = await smallDisk();
    await using rescue = await openRescue(disk.directory);
    const id = await keep(rescue, refusedText({ 0: "from before" }));
    disk.remount("ro");
    const readOnly = { code: "EROFS", path: disk.directory };
    await expect(keep(rescue, refusedText({ 0: "x" }))).rejects.toMatchObject(readOnly);
    await expect(rescue.discard(id)).rejects.toMatchObject(readOnly);
    await expect(openRescue(disk.directory)).rejects.toMatchObject(readOnly);
    await using reading = await openRescue(disk.directory, { readOnly: true });
    expect(await reading.show(id)).toMatchObject({ state: "whole" });
    const store = memoryStore();
    const credential = superuser;
    expect(await reading.diff(id, store, { credential })).toMatchObject({ isSame: false });
    expect(await reading.restore(id, store, { credential, path: "/back" })).toMatchObject({
      byteCount: 11,
      entry: "kept",
    });
    expect(await reading.diff(id, store, { credential })).toMatchObject({ isSame: false });
    disk.remount("rw");
    expect(await rescuedText(rescue, id)).toEqual({ 0: "from before" });
  });

  it("[S5.2] a disk that was taken away gets nothing put in its place", async () => {
    const disk = await smallDisk();
    await using rescue = await openRescue(disk.directory);
    await disk[Symbol.asyncDispose]();
    const gone = { code: "ENOENT", path: disk.directory };
    await expect(keep(rescue, refusedText({ 0: "x" }))).rejects.toMatchObject(gone);
    await expect(rescue.list()).rejects.toMatchObject(gone);
    await expect(readFile(disk.directory)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
