/** Media as directories that are renamed into the place of the drive, with real files. */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { superuser } from "../../../../src/port/index.ts";
import { directoryStore } from "../../../../src/stores/directory/index.ts";
import { directoryDrive, markMedium, mediumStore } from "../../../../src/stores/medium/index.ts";
import { callAs } from "../../../kit/cached-file.ts";
import { VirtualClock } from "../../../kit/virtual-clock.ts";

const call = callAs(superuser);

const scratch: string[] = [];
afterEach(async () => {
  for (const directory of scratch.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function scratchDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-medium-"));
  scratch.push(directory);
  return directory;
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
    const id = await markMedium(drive);
    expect(await markMedium(drive)).toBe(id);
    expect(await readdir(drive)).toEqual([".holdfast-medium"]);
  });
});
