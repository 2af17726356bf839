/** Media as directories that are renamed into the place of the drive, with real files. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, open, readdir, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { neverFires } from "../../../../src/base/index.ts";
import { superuser } from "../../../../src/port/index.ts";
import { directoryStore } from "../../../../src/stores/directory/index.ts";
import { directoryDrive, markMedium, mediumStore } from "../../../../src/stores/medium/index.ts";
import { callAs } from "../../../kit/cached-file.ts";
import { VirtualClock } from "../../../kit/virtual-clock.ts";

const call = callAs(superuser);
const marker = ".holdfast-medium";

const scratch: string[] = [];
afterEach(async () => {
  for (const directory of scratch.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function scratchDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-medium-"));
  scratch.push(directory);
  return directory;
}

async function identifiedAt(directory: string): Promise<string | undefined> {
  const drive = directoryDrive(directory, () => directoryStore(directory));
  return (await drive.identify(neverFires))?.medium;
}

describe("a directory as the drive of media", () => {
  it("[S1.11] makes and removes nothing on another medium that was put in since the last look", async () => {
    const bay = await scratchDirectory();
    const drive = join(bay, "drive");
    for (const name of ["drive", "other"]) {
      await mkdir(join(bay, name));
      await writeFile(join(bay, name, "file"), name);
    }
    await markMedium(drive);
    // Nothing looks by itself: the clock stands still.
    const clock = new VirtualClock();
    const open = () => directoryStore(drive, { staysWithRoot: true });
    const store = await mediumStore(directoryDrive(drive, open), { clock });
    try {
      const { node: root } = await store.root(call);
      await rename(drive, join(bay, "mine"));
      await rename(join(bay, "other"), drive);
      await store.createFile(root, "new", 0o644, call);
      await store.remove(root, "file", call);
      expect(await readdir(drive)).toEqual(["file"]);
      expect((await readdir(join(bay, "mine"))).sort()).toEqual([".holdfast-medium", "new"]);
    } finally {
      await store.close();
    }
  });

  it("[S1.11] a marker that was torn is made anew, and one that is whole stays", async () => {
    const drive = await scratchDirectory();
    await writeFile(join(drive, ".holdfast-medium"), "");
    const { medium, was } = await markMedium(drive);
    expect(was).toBe("missing");
    expect(await markMedium(drive)).toEqual({ medium, was: "there" });
    expect(await readdir(drive)).toEqual([".holdfast-medium"]);
  });

  it("[S1.11] a marker that is a pipe, or leads to another medium's, is none and holds nobody up", async () => {
    const [mine, other] = [await scratchDirectory(), await scratchDirectory()];
    await markMedium(mine);
    await symlink(join(mine, marker), join(other, marker));
    expect(await identifiedAt(other)).toBeUndefined();
    await rm(join(other, marker));
    await promisify(execFile)("mkfifo", [join(other, marker)]);
    const asked = identifiedAt(other);
    try {
      expect(await Promise.race([asked, setTimeout(2_000, "waits")])).toBeUndefined();
    } finally {
      // Whoever waits at the pipe goes on.
      await (await open(join(other, marker), "r+")).close();
    }
    expect((await markMedium(other)).was).toBe("missing");
    expect(await identifiedAt(other)).not.toBe(await identifiedAt(mine));
  });

  it("[S1.11] a marker that was copied to another medium does not make it the same one", async () => {
    const [mine, other] = [await scratchDirectory(), await scratchDirectory()];
    const { medium } = await markMedium(mine);
    await utimes(join(mine, marker), 1, 1);
    expect(await identifiedAt(mine)).toBe(medium);
    // With its times and everything else that can be copied, by cp -a.
    await promisify(execFile)("cp", ["-a", join(mine, marker), other]);
    expect(await identifiedAt(other)).toBe(undefined);
    const marked = await markMedium(other);
    expect(marked.was).toBe("copied");
    expect(marked.medium).not.toBe(medium);
    expect(await identifiedAt(other)).toBe(marked.medium);
    expect(await identifiedAt(mine)).toBe(medium);
  });

  it("[S1.11] nobody finds the marker through the store, removes it, or makes another", async () => {
    const drive = await scratchDirectory();
    await markMedium(drive);
    const open = () => directoryStore(drive, { staysWithRoot: true });
    const store = await mediumStore(directoryDrive(drive, open), { clock: new VirtualClock() });
    try {
      const { node: root } = await store.root(call);
      await store.createFile(root, "file", 0o644, call);
      const { node: below } = await store.makeDirectory(root, "below", 0o755, call);
      expect((await store.list(root, call)).map(({ name }) => name).sort()).toEqual(["below", "file"]);
      for (const name of [marker, marker.toUpperCase()]) {
        await expect(store.lookup(root, name, call)).rejects.toMatchObject({ code: "ENOENT" });
        await expect(store.remove(root, name, call)).rejects.toMatchObject({ code: "ENOENT" });
        await expect(store.removeDirectory(root, name, call)).rejects.toMatchObject({ code: "ENOENT" });
        await expect(store.rename(root, name, below, "x", "replace", call)).rejects.toMatchObject({ code: "ENOENT" });
        await expect(store.createFile(root, name, 0o644, call)).rejects.toMatchObject({ code: "EPERM" });
        await expect(store.makeDirectory(root, name, 0o755, call)).rejects.toMatchObject({ code: "EPERM" });
        await expect(store.makeSymbolicLink(root, name, "file", call)).rejects.toMatchObject({ code: "EPERM" });
        for (const mode of ["replace", "exchange"] as const) {
          await expect(store.rename(root, "file", root, name, mode, call)).rejects.toMatchObject({ code: "EPERM" });
        }
        const { node } = await store.lookup(root, "file", call);
        await expect(store.link(node, root, name, call)).rejects.toMatchObject({ code: "EPERM" });
      }
      // Elsewhere the name is like any other.
      await store.createFile(below, marker, 0o644, call);
      await store.remove(below, marker, call);
      expect(await identifiedAt(drive)).toBe(store.mediumId);
    } finally {
      await store.close();
    }
  });
});
