/** What is kept: by whom it may be read, how much of it there may be, and what an entry says. */
import { chmod, chown, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CancelSource, Failure } from "../../../src/base/index.ts";
import { openRescue } from "../../../src/rescue/index.ts";
import { alice } from "../../kit/memory-volume.ts";
import { keep, refusedBytes, refusedRange, refusedText, rescuedText, rescueStage } from "../../kit/rescue-stage.ts";

const isRoot = process.getuid?.() === 0;

it("[S5.3] an entry names path, ranges, credential, errno and class, time, and both versions, and has the bytes", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open({ storeUrl: "sftp://anna:hunter2@host/data" });
  const credential = { ...alice, groups: [7, 8] };
  const id = await keep(
    rescue,
    refusedText({ 10: "first range", 5000: "and the second" }, { credential, foundVersion: "4" }),
  );
  const [entry] = await rescue.list();
  expect(entry).toMatchObject({ id, state: "whole", restored: undefined });
  expect(entry?.state === "whole" && entry.manifest).toEqual({
    format: 1,
    id,
    store: "sftp://anna@host/data",
    path: "/docs/letter.txt",
    node: "7",
    ranges: [
      { offset: 10, byteCount: 11, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { offset: 5000, byteCount: 14, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ],
    fileSize: 4096,
    credential: { id: alice.id, uid: 1000, gid: 1000, groups: [7, 8] },
    refusal: {
      class: "permission",
      code: "EACCES",
      errno: 13,
      message: "EACCES: permission denied, write '/docs/letter.txt'",
    },
    refusedAt: "2026-11-21T12:34:56.123456789Z",
    baseVersion: "3",
    foundVersion: "4",
  });
  expect(await rescuedText(rescue, id)).toEqual({ 10: "first range", 5000: "and the second" });
  expect(await rescue.show(id)).toEqual(entry);
});

it("[S5.3] a secret of the store's URL or of the failure's words never reaches the disk", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open({ storeUrl: "s3://key:hunter2@bucket/p?token=hunter2" });
  const failure = new Failure("EACCES", { detail: "sftp://anna:hunter2@host said no" });
  const id = await keep(rescue, refusedText({ 0: "x" }, { failure }));
  for (const name of await readdir(join(stage.directory, id))) {
    expect(await readFile(join(stage.directory, id, name), "utf8")).not.toContain("hunter2");
  }
});

it("[S5.2] nobody but the owner can enter the directory, an entry, or a file of it", async () => {
  await using stage = await rescueStage();
  const directory = join(stage.directory, "made", "here");
  await using rescue = await openRescue(directory, { create: true });
  const id = await keep(rescue, refusedText({ 0: "secret words" }));
  for (const path of [directory, join(directory, id)]) expect((await stat(path)).mode & 0o777).toBe(0o700);
  for (const name of await readdir(join(directory, id))) {
    expect((await stat(join(directory, id, name))).mode & 0o777).toBe(0o600);
  }
});

it("[S5.2] a directory that others can enter is refused, when it is opened and when it is opened to others later", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  for (const mode of [0o710, 0o701, 0o720, 0o777]) {
    await chmod(stage.directory, mode);
    const refusal = { code: "EPERM", message: expect.stringContaining(`chmod 700 ${stage.directory}`) };
    await expect(stage.open()).rejects.toMatchObject(refusal);
    await expect(keep(rescue, refusedText({ 0: "x" }))).rejects.toMatchObject(refusal);
  }
  await chmod(stage.directory, 0o700);
  expect(await rescue.list()).toEqual([]);
});

it.skipIf(!isRoot)("[S5.2] another user's directory is refused (needs root to make one)", async () => {
  await using stage = await rescueStage();
  await chown(stage.directory, 1000, 1000);
  await expect(stage.open()).rejects.toMatchObject({ code: "EPERM", message: expect.stringContaining("user 1000") });
});

it("a missing directory is named, and made only when that was asked for", async () => {
  await using stage = await rescueStage();
  const missing = join(stage.directory, "none");
  await expect(openRescue(missing)).rejects.toMatchObject({ code: "ENOENT", path: missing });
  await using made = await openRescue(missing, { create: true });
  await rm(missing, { recursive: true });
  await expect(keep(made, refusedText({ 0: "x" }))).rejects.toMatchObject({ code: "ENOENT", path: missing });
  await expect(stat(missing)).rejects.toMatchObject({ code: "ENOENT" });
});

it("limits that make no sense are refused", async () => {
  await using stage = await rescueStage();
  await expect(stage.open({ bytesMax: 0 })).rejects.toMatchObject({ code: "EINVAL" });
  await expect(stage.open({ entriesMax: 1.5 })).rejects.toMatchObject({ code: "EINVAL" });
});

it("[S5.2] a full rescue store says so, names the directory and the limit, and keeps nothing by halves", async () => {
  await using stage = await rescueStage();
  const few = await stage.open({ entriesMax: 2 });
  await keep(few, refusedText({ 0: "one" }));
  await keep(few, refusedText({ 0: "two" }));
  const full = { code: "ENOSPC", path: stage.directory, message: expect.stringContaining("limit of 2 entries") };
  await expect(keep(few, refusedText({ 0: "three" }))).rejects.toMatchObject(full);
  expect(await readdir(stage.directory)).toHaveLength(2);
  const { byteCount } = await few.holdings();
  const small = await stage.open({ bytesMax: byteCount + 2000 });
  const large = refusedBytes([refusedRange(0, new Uint8Array(2000))]);
  const tooLarge = { code: "ENOSPC", message: expect.stringContaining(`limit of ${byteCount + 2000} bytes`) };
  await expect(keep(small, large)).rejects.toMatchObject(tooLarge);
  await keep(small, refusedText({ 0: "fits" }));
  expect(await readdir(stage.directory)).toHaveLength(3);
});

it("[S5.2] what is discarded makes room again", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open({ entriesMax: 1 });
  const id = await keep(rescue, refusedText({ 0: "one" }));
  await rescue.discard(id);
  expect(await rescue.holdings()).toEqual({ entryCount: 0, byteCount: 0 });
  expect(await rescuedText(rescue, await keep(rescue, refusedText({ 0: "two" })))).toEqual({ 0: "two" });
  await expect(rescue.discard(id)).rejects.toMatchObject({ code: "ENOENT" });
});

it("[S5.2] of many that come at once as many get in as fit, over two openings of one directory", async () => {
  await using stage = await rescueStage();
  const sides = [await stage.open({ entriesMax: 7 }), await stage.open({ entriesMax: 7 })];
  const first = await Promise.allSettled(Array.from({ length: 10 }, (_, at) => keepNumber(0, at)));
  expect(first.filter(({ status }) => status === "fulfilled")).toHaveLength(7);
  for (const { id } of await (await stage.open()).list()) await stage.open().then((rescue) => rescue.discard(id));
  await Promise.allSettled(Array.from({ length: 20 }, (_, at) => keepNumber(at % 2, at)));
  const kept = (await readdir(stage.directory)).length;
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThanOrEqual(7);

  function keepNumber(side: number, at: number): Promise<string> {
    const rescue = sides[side];
    if (rescue === undefined) throw new Error("there are two sides");
    return keep(rescue, refusedText({ 0: `number ${at}` }));
  }
});

it("[S5.9] however many are kept at once, a few are written at a time", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const keeps = Array.from({ length: 60 }, (_, at) => keep(rescue, refusedText({ 0: `number ${at}` })));
  const settled = Promise.all(keeps).then(() => true);
  let draftsMax = 0;
  while (!(await Promise.race([settled, new Promise<false>((resolve) => setImmediate(() => resolve(false)))]))) {
    const names = await readdir(stage.directory);
    draftsMax = Math.max(draftsMax, names.filter((name) => name.startsWith(".new-")).length);
  }
  expect(draftsMax).toBeGreaterThan(1);
  expect(draftsMax).toBeLessThanOrEqual(4);
  expect(await rescue.list()).toHaveLength(60);
});

it("[S5.2] an interrupted keep rejects and leaves nothing", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const source = new CancelSource();
  const { frames, ...rest } = refusedRange(0, new Uint8Array(64));
  let askedCount = 0;
  const range = {
    ...rest,
    get frames() {
      // Once for the checks; then they are written.
      askedCount++;
      if (askedCount === 2) source.abort();
      return frames;
    },
  };
  await expect(rescue.keep(refusedBytes([range]), source)).rejects.toMatchObject({ code: "EINTR" });
  expect(askedCount).toBe(2);
  expect(await readdir(stage.directory)).toEqual([]);
});

it("[S5.2] what is given as refused bytes must fit together", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const range = refusedRange(10, Buffer.from("bytes"));
  await expect(keep(rescue, refusedBytes([]))).rejects.toThrow(/something is kept/);
  await expect(keep(rescue, refusedBytes([{ ...range, byteCount: 4 }]))).rejects.toThrow(/as many bytes/);
  await expect(keep(rescue, refusedBytes([range, range]))).rejects.toThrow(/ascend/);
  expect(await readdir(stage.directory)).toEqual([]);
});

it("[S5.3] ids sort by time, are unique in one instant, and are found by their beginning", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const hours = [3n, 1n, 2n, 1n].map((hour) => 1_795_264_496_000_000_000n + hour * 3_600_000_000_000n);
  const ids: string[] = [];
  for (const refusedAtNs of hours) ids.push(await keep(rescue, refusedText({ 0: "x" }, { refusedAtNs })));
  const listed = (await rescue.list()).map(({ id }) => id);
  expect(listed.at(-1)).toBe(ids[0]);
  expect(listed.at(-2)).toBe(ids[2]);
  expect(new Set(listed).size).toBe(4);
  expect(await rescue.find((ids[0] ?? "").slice(0, 9).toUpperCase())).toBe(ids[0]);
  await expect(rescue.find((ids[1] ?? "").slice(0, 9))).rejects.toMatchObject({ code: "EINVAL" });
  await expect(rescue.find("zzz")).rejects.toMatchObject({ code: "ENOENT" });
  await expect(rescue.find("")).rejects.toMatchObject({ code: "ENOENT" });
  await expect(rescue.show("../x")).rejects.toMatchObject({ code: "ENOENT" });
});

it("leaves alone what is not its own, and follows the directory's own symbolic link", async () => {
  await using stage = await rescueStage();
  const real = join(stage.directory, "real");
  await mkdir(real, { mode: 0o700 });
  await writeFile(join(real, "notes.txt"), "a person's");
  await mkdir(join(real, "lost+found"));
  const link = join(stage.directory, "link");
  await symlink(real, link);
  await using rescue = await openRescue(link);
  expect(await rescue.list()).toEqual([]);
  expect(await rescue.holdings()).toEqual({ entryCount: 0, byteCount: 0 });
  expect((await readdir(real)).sort()).toEqual(["lost+found", "notes.txt"]);
});

it("is closed once for all, after what was under way", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const keeping = keep(rescue, refusedText({ 0: "under way" }));
  await rescue.close();
  const id = await keeping;
  await expect(rescue.list()).rejects.toMatchObject({ code: "EBADF" });
  expect(await rescuedText(await stage.open(), id)).toEqual({ 0: "under way" });
});

it("[S5.3] what was kept while another directory was there is not told as gone when it is out of sight", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const own = await keep(rescue, refusedText({ 0: "x" }));
  const away = `${stage.directory}-away`;
  await rename(stage.directory, away);
  await mkdir(stage.directory, { mode: 0o700 });
  const elsewhere = await keep(rescue, refusedText({ 4: "y" }));
  expect(await rescue.fateOf(elsewhere)).toBe("kept");
  await rm(stage.directory, { recursive: true });
  await rename(away, stage.directory);
  await expect(rescue.fateOf(elsewhere)).rejects.toMatchObject({ code: "ESTALE" });
  expect(await rescue.fateOf(own)).toBe("kept");
});
