import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { type Finished, RunningMount, runHoldfast, runProgram } from "../kit/command.ts";
import { mountsBelow, scratchDirectory } from "../kit/scratch.ts";

const isRoot = process.getuid?.() === 0;
const fileBytes = 3 * 1024 * 1024;
const content = Buffer.alloc(fileBytes, "what was written, and what is not to be lost\n");
let scratch = "";
let store = "";
let point = "";
let rescue = "";

beforeEach(async () => {
  scratch = await scratchDirectory("undelivered");
  store = join(scratch, "store");
  point = join(scratch, "mount");
  rescue = join(scratch, "rescue");
  await mkdir(store);
  await mkdir(point);
  await mkdir(rescue, { mode: 0o700 });
});

/** A store with room for one of two files; the second is written through the mount and does not fit. */
async function overfill(flags: readonly string[] = []): Promise<RunningMount> {
  await runProgram("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", store]);
  await writeFile(join(store, "ballast"), Buffer.alloc(fileBytes));
  const mount = await RunningMount.start(`dir:${store}`, point, ["--log-level", "debug", "--rescue", rescue, ...flags]);
  const letter = join(scratch, "letter");
  await writeFile(letter, content);
  const written = await runProgram("dd", [
    `if=${letter}`,
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
    expect(await rescued("list")).toMatchObject({ status: 0, stdout: expect.stringContaining("nothing is kept") });
    expect(await mountsBelow(scratch)).toContain(point);
    const status = await runHoldfast(["status", point]);
    expect(status.stdout).toMatch(/unsent: .*MiB/);

    await rm(join(store, "ballast"));
    const unmounted = await runHoldfast(["unmount", point]);
    expect(unmounted, mount.log).toMatchObject({ status: 0, stderr: "" });
    expect((await mount.finished()).status).toBe(0);
    expect((await readFile(join(store, "letter"))).equals(content)).toBe(true);
    await unmountStore();
  });

  it("[S5.2] [S5.11] [G2] [G23] goes on SIGTERM, says what was left, and has kept it in rescue, from where it is restored", async () => {
    await using mount = await overfill();
    const { status, stderr } = await mount.stop("SIGTERM");
    expect(status).toBe(1);
    expect(stderr).toMatch(/error bytes were left undelivered .*letter/);
    const [id] = /(?<=kept in rescue as )[0-9a-z]+/.exec(stderr) ?? [];
    expect(stderr.trimEnd().split("\n").at(-2)).toContain(`see holdfast rescue list --rescue ${rescue}`);
    await restoredWhole(id ?? "");
    await unmountStore();
  });

  it("[S5.2] [S5.11] [G2] goes with --force, which says what was left, and has kept it in rescue", async () => {
    await using mount = await overfill();
    const forced = await runHoldfast(["unmount", "--force", point]);
    expect(forced.status).toBe(1);
    expect(forced.stderr).toMatch(/^holdfast: unmounted .*, but left: .*letter/);
    const [id] = /(?<=kept in rescue as )[0-9a-z]+/.exec(forced.stdout) ?? [];
    expect((await mount.finished()).status).toBe(1);
    await restoredWhole(id ?? "");
    await unmountStore();
  });

  it("[S5.2] [S5.11] [G2] stays mounted while refused bytes are in memory only, for the rescue directory is full, too", async () => {
    await runProgram("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", rescue]);
    await using mount = await overfill(["--refusal", "space=excise"]);
    const [path, letter] = [join(point, "letter"), join(scratch, "letter")];
    const refused = await runHoldfast(["unmount", point]);
    expect(refused).toMatchObject({ status: 1, stdout: expect.stringMatching(/\/letter: .* refused and not rescued/) });
    expect(refused.stderr).toMatch(/stays mounted.*rescue failed: ENOSPC.*mend the rescue directory and try again/);
    expect((await runHoldfast(["status", point])).stdout).toMatch(/\/letter .*refused and in memory only/);
    expect(await runProgram("cmp", [path, letter])).toMatchObject({ status: 0, stdout: "" });

    await runProgram("mount", ["-o", "remount,size=8m", rescue]);
    const unmounted = await runHoldfast(["unmount", point]);
    const [id] = /(?<=kept in rescue as )[0-9a-z]+/.exec(unmounted.stdout) ?? [];
    expect(unmounted, mount.log).toMatchObject({ status: 1 });
    expect((await mount.finished()).status).toBe(1);
    await restoredWhole(id ?? "");
    expect((await runProgram("umount", [rescue])).status).toBe(0);
    await unmountStore();
  });
});

function rescued(...words: readonly string[]): Promise<Finished> {
  return runHoldfast(["rescue", ...words, "--rescue", rescue]);
}

/** With room for it, what was refused and what the store had taken make the whole letter. */
async function restoredWhole(id: string): Promise<void> {
  await rm(join(store, "ballast"));
  expect(await rescued("restore", id)).toMatchObject({ status: 0, stderr: "" });
  expect((await readFile(join(store, "letter"))).equals(content)).toBe(true);
}
