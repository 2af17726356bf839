/** Files that lose a name and keep another, which nobody has looked up: a directory store finds them by it no more. */
import { link, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openVolume, type Volume, type WritebackFailed } from "../../../src/files/index.ts";
import { posixCredential } from "../../../src/port/index.ts";
import { directoryStore } from "../../../src/stores/directory/index.ts";
import { hookedStore } from "../../kit/hooked-store.ts";

const credential = posixCredential(process.getuid?.() ?? -1, process.getgid?.() ?? -1);
let directory: string;
let volume: Volume;
let commitCount: number;
let failures: WritebackFailed[];

beforeEach(async () => {
  directory = await mkdtemp(join(await realpath(tmpdir()), "holdfast-lost-names-"));
  await mkdir(join(directory, "b"));
  await writeFile(join(directory, "a"), "before");
  await link(join(directory, "a"), join(directory, "b", "other"));
  commitCount = 0;
  failures = [];
  const store = hookedStore(directoryStore(directory), {
    commit: (run) => {
      commitCount += 1;
      return run();
    },
  });
  volume = await openVolume(store, { credential });
  volume.events.on("writebackFailed", (failure) => failures.push(failure));
});

afterEach(async () => {
  await volume.close().catch(() => undefined);
  await rm(directory, { recursive: true });
});

describe("a file that loses the only name that was used", () => {
  it("[G12] is made durable when it is closed, for it may not be found afterwards", async () => {
    const file = await volume.open("/a", "r+");
    await file.write("after", 0);
    await volume.promises.unlink("/a");
    expect((await file.stat()).nlink).toBe(1);
    await file.close();
    expect(commitCount).toBe(1);
    await volume.close();
    expect(failures).toEqual([]);
    expect(await readFile(join(directory, "b", "other"), "utf8")).toBe("aftere");
  });

  it("[G12] is made durable by an fsync through its other name, when it was closed before", async () => {
    await volume.promises.writeFile("/a", "after!");
    await volume.promises.unlink("/a");
    await using other = await volume.open("/b/other", "r+");
    expect(commitCount).toBe(0);
    await other.sync();
    expect(commitCount).toBe(1);
    expect(await other.readFile("utf8")).toBe("after!");
  });

  it("is closed at once when it has no other name any more, or when nothing was written", async () => {
    await using reader = await volume.open("/a", "r");
    await volume.promises.unlink("/a");
    await reader.close();
    await using writer = await volume.open("/b/other", "r+");
    await writer.write("gone", 0);
    await volume.promises.unlink("/b/other");
    await writer.close();
    expect(commitCount).toBe(0);
  });
});
