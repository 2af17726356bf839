import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { RunningMount, runHoldfast, runProgram } from "../kit/command.ts";
import { mountsBelow, scratchDirectory } from "../kit/scratch.ts";

const isRoot = process.getuid?.() === 0;
const fileBytes = 3 * 1024 * 1024;
let scratch = "";
let store = "";
let point = "";

beforeEach(async () => {
  scratch = await scratchDirectory("undelivered");
  store = join(scratch, "store");
  point = join(scratch, "mount");
  await mkdir(store);
  await mkdir(point);
});

/** A store with room for one of two files; the second is written through the mount and does not fit. */
async function overfill(): Promise<RunningMount> {
  await runProgram("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", store]);
  await writeFile(join(store, "ballast"), Buffer.alloc(fileBytes));
  const mount = await RunningMount.start(`dir:${store}`, point, ["--log-level", "debug"]);
  const written = await runProgram("dd", [
    "if=/dev/zero",
    `of=${join(point, "letter")}`,
    "bs=64K",
    "count=48",
    "conv=fsync",
  ]);
  expect(written.status).toBe(1);
  expect(written.stderr).toContain("No space left on device");
  return mount;
}

async function unmountStore(): Promise<void> {
  expect((await runProgram("umount", [store])).status).toBe(0);
  expect(await mountsBelow(scratch)).toEqual([]);
}

describe.skipIf(!isRoot)("a store without room for what was written (needs root to mount a small one)", () => {
  it("[S5.11] [G2] [G23] keeps the mount, names the file, and delivers it once there is room", async () => {
    await using mount = await overfill();
    const refused = await runHoldfast(["unmount", point]);
    expect(refused.status).toBe(1);
    expect(refused.stdout).toMatch(/\/letter: .*MiB not delivered/);
    expect(refused.stderr).toMatch(/stays mounted, for bytes could not be delivered: ENOSPC.*mend the store/);
    expect(await mountsBelow(scratch)).toContain(point);
    const status = await runHoldfast(["status", point]);
    expect(status.stdout).toMatch(/unsent: .*MiB/);

    await rm(join(store, "ballast"));
    const unmounted = await runHoldfast(["unmount", point]);
    expect(unmounted, mount.log).toMatchObject({ status: 0, stderr: "" });
    expect((await mount.finished()).status).toBe(1);
    expect((await stat(join(store, "letter"))).size).toBe(fileBytes);
    expect((await readFile(join(store, "letter"))).equals(Buffer.alloc(fileBytes))).toBe(true);
    await unmountStore();
  });

  it("[S5.11] [G23] goes on SIGTERM and says by its exit status, and in its log, that bytes were left", async () => {
    await using mount = await overfill();
    const { status, stderr } = await mount.stop("SIGTERM");
    expect(status).toBe(1);
    expect(stderr).toMatch(/error bytes were left undelivered .*letter/);
    await unmountStore();
  });

  it("[S5.11] goes with --force, which says what was left", async () => {
    await using mount = await overfill();
    const forced = await runHoldfast(["unmount", "--force", point]);
    expect(forced.status).toBe(1);
    expect(forced.stderr).toMatch(/^holdfast: unmounted .*, but left: .*letter/);
    expect((await mount.finished()).status).toBe(1);
    await unmountStore();
  });
});
