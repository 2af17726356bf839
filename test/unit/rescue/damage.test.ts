/** What lies in a rescue directory is read with suspicion: torn, tampered with, of another version, in the wrong place. */
import {
  appendFile,
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { posixCredential, type Store, superuser } from "../../../src/port/index.ts";
import type { Rescue } from "../../../src/rescue/index.ts";
import { memoryStore } from "../../../src/stores/memory/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { keep, refusedText, rescuedText, rescueStage } from "../../kit/rescue-stage.ts";

/** Every way to use an entry's bytes. */
function uses(rescue: Rescue, id: string, store: Store = memoryStore()): (() => Promise<unknown>)[] {
  const credential = superuser;
  return [
    () => rescuedText(rescue, id),
    () => rescue.diff(id, store, { credential }),
    () => rescue.restore(id, store, { credential, path: "/x" }),
  ];
}

type Tamper = (entry: string) => Promise<void>;

async function rewrite(path: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(path, "utf8");
  const changed = change(text);
  expect(changed).not.toBe(text);
  await writeFile(path, changed);
}

const manifestDamage: Readonly<Record<string, Tamper>> = {
  "another credential": (entry) => rewrite(join(entry, "manifest.json"), (text) => text.replace("1000", "1001")),
  "another offset": (entry) =>
    rewrite(join(entry, "manifest.json"), (text) => text.replace('"offset": 8', '"offset": 9')),
  "another path": (entry) => rewrite(join(entry, "manifest.json"), (text) => text.replace("letter.txt", "ledger.txt")),
  "no seal": (entry) => rewrite(join(entry, "manifest.json"), (text) => text.replace(/,\s*"seal": "[0-9a-f]+"/, "")),
  "a torn manifest": (entry) => truncate(join(entry, "manifest.json"), 100),
  "an empty manifest": (entry) => truncate(join(entry, "manifest.json"), 0),
  "no manifest": (entry) => rm(join(entry, "manifest.json")),
  "a directory for a manifest": async (entry) => {
    await rm(join(entry, "manifest.json"));
    await mkdir(join(entry, "manifest.json"));
  },
  "a link for a manifest": async (entry) => {
    await rm(join(entry, "manifest.json"));
    await symlink("manifest.json", join(entry, "manifest.json"));
  },
  "a manifest that is null": (entry) => writeFile(join(entry, "manifest.json"), "null"),
  "a format before the first": (entry) =>
    rewrite(join(entry, "manifest.json"), (text) => text.replace('"format": 1', '"format": 0')),
};

it.each(Object.entries(manifestDamage))("[S5.3] sees a tampered manifest: %s", async (_, tamper) => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const id = await keep(rescue, refusedText({ 8: "the bytes" }));
  await tamper(join(stage.directory, id));
  const damaged = { id, state: "damaged", why: expect.any(String) };
  expect(await rescue.list()).toEqual([damaged]);
  expect(await rescue.show(id)).toEqual(damaged);
  for (const use of uses(rescue, id)) await expect(use()).rejects.toMatchObject({ code: "EBADMSG" });
  expect(await readdir(stage.directory)).toEqual([id]);
  await rescue.discard(id);
  expect(await readdir(stage.directory)).toEqual([]);
});

it("[S5.3] sees a manifest that was put into another entry", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const [one, other] = [await keep(rescue, refusedText({ 0: "one" })), await keep(rescue, refusedText({ 0: "other" }))];
  await cp(join(stage.directory, one, "manifest.json"), join(stage.directory, other, "manifest.json"));
  const found = await rescue.show(other);
  expect(found).toMatchObject({ state: "damaged", why: expect.stringContaining(`belongs to the entry ${one}`) });
});

const bytesDamage: Readonly<Record<string, Tamper>> = {
  "one bit": (entry) => rewrite(join(entry, "bytes"), (text) => text.replace("second", "secone")),
  "bytes cut off": (entry) => truncate(join(entry, "bytes"), 5),
  "no bytes": (entry) => rm(join(entry, "bytes")),
  "a directory for the bytes": async (entry) => {
    await rm(join(entry, "bytes"));
    await mkdir(join(entry, "bytes"));
  },
  "a link for the bytes": async (entry) => {
    await rm(join(entry, "bytes"));
    await symlink("bytes", join(entry, "bytes"));
  },
  "ranges exchanged": (entry) => rewrite(join(entry, "bytes"), (text) => text.slice(6) + text.slice(0, 6)),
};

it.each(Object.entries(bytesDamage))("[S5.3] sees tampered bytes: %s", async (_, tamper) => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const id = await keep(rescue, refusedText({ 8: "first ", 100: "second" }));
  await tamper(join(stage.directory, id));
  expect(await rescue.show(id)).toMatchObject({ id, state: "damaged", why: expect.stringContaining(id) });
  const store = memoryStore();
  for (const use of uses(rescue, id, store)) await expect(use()).rejects.toMatchObject({ code: "EBADMSG" });
  // Not one byte is restored of an entry that is damaged anywhere.
  const { node: root } = await store.root(callAs(superuser));
  expect(await store.list(root, callAs(superuser))).toEqual([]);
  await rescue.discard(id);
});

it("[S5.3] what a disk fails with when bytes are read is a failure that names the directory", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const id = await keep(rescue, refusedText({ 0: "x" }));
  await rm(join(stage.directory, id, "bytes"));
  // Its first bytes are never there: EIO.
  await symlink("/proc/self/mem", join(stage.directory, id, "bytes"));
  const reading = rescuedText(rescue, id);
  await expect(reading).rejects.toBeInstanceOf(Failure);
  await expect(reading).rejects.toMatchObject({ code: "EIO", path: stage.directory });
});

it("bytes added behind the last range change nothing", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const id = await keep(rescue, refusedText({ 8: "the bytes" }));
  await appendFile(join(stage.directory, id, "bytes"), "more");
  expect(await rescuedText(rescue, id)).toEqual({ 8: "the bytes" });
});

it("[S5.3] an entry of a newer version is listed as that and left alone", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const id = await keep(rescue, refusedText({ 0: "from the future" }));
  await rewrite(join(stage.directory, id, "manifest.json"), (text) => text.replace('"format": 1', '"format": 2'));
  const own = await keep(rescue, refusedText({ 0: "of today" }, { refusedAtNs: 2n ** 62n }));
  expect(await rescue.list()).toMatchObject([
    { id, state: "newer", format: 2 },
    { id: own, state: "whole" },
  ]);
  const newer = { code: "ENOTSUP", message: expect.stringContaining("newer version (format 2)") };
  for (const use of uses(rescue, id)) await expect(use()).rejects.toMatchObject(newer);
  await expect(rescue.discard(id)).rejects.toMatchObject(newer);
  expect((await readdir(stage.directory)).sort()).toEqual([id, own].sort());
});

it("[S5.2] opening sweeps what killed processes left, and nothing that a live one is at", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const id = await keep(rescue, refusedText({ 0: "stays" }));
  const left = ["none", "empty", "half"].map((name) => join(stage.directory, `.new-${name}`));
  for (const path of left) await mkdir(path);
  await writeFile(join(left[1] ?? "", "bytes"), "");
  await writeFile(join(left[2] ?? "", "bytes"), "half of the by");
  await writeFile(join(left[2] ?? "", "manifest.json"), "{");
  await mkdir(join(stage.directory, `.gone-${id}`));
  await writeFile(join(stage.directory, `.gone-${id}`, "bytes"), "discarded");
  const readOnly = await stage.open({ readOnly: true });
  expect((await readdir(stage.directory)).length).toBe(5);
  expect(await readOnly.list()).toHaveLength(1);
  await stage.open();
  expect(await readdir(stage.directory)).toEqual([id]);
});

it("[S5.2] a draft that a live process writes is not swept by another opening", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const keeps = Array.from({ length: 8 }, (_, at) => keep(rescue, refusedText({ 0: `number ${at}` })));
  const settled = Promise.allSettled(keeps).then(() => true);
  let openCount = 0;
  while (!(await Promise.race([settled, stage.open().then(() => false)]))) openCount++;
  expect(openCount).toBeGreaterThan(2);
  const texts: string[] = [];
  for (const id of await Promise.all(keeps)) texts.push((await rescuedText(rescue, id))[0] ?? "");
  expect(texts.sort()).toEqual(Array.from({ length: 8 }, (_, at) => `number ${at}`));
});

it("an entry that somebody renamed or closed to its owner is told as what it is", async () => {
  await using stage = await rescueStage();
  const rescue = await stage.open();
  const id = await keep(rescue, refusedText({ 0: "x" }));
  await rename(join(stage.directory, id), join(stage.directory, "my-copy"));
  expect(await rescue.list()).toEqual([]);
  await expect(rescue.restore(id, memoryStore())).rejects.toMatchObject({ code: "ENOENT" });
  await rename(join(stage.directory, "my-copy"), join(stage.directory, id));
  await chmod(join(stage.directory, id), 0o755);
  expect(await rescue.list()).toMatchObject([{ id, state: "whole" }]);
  await expect(rescue.diff(id, memoryStore(), { credential: posixCredential(1, 1) })).resolves.toMatchObject({
    isSame: false,
    file: undefined,
    ranges: [{ verdict: "missing" }],
  });
});
