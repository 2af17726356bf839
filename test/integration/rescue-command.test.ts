/** The command's rescue verbs, as a person types them. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { commandPath, type Finished, runHoldfast, runProgram } from "../kit/command.ts";
import { runOwn } from "../kit/mounted-store.ts";
import { scratchDirectory } from "../kit/scratch.ts";

const isRoot = process.getuid?.() === 0;
/** Whose bytes they are: as root another user's, so that the restore shows in whose name it is done. */
const writer = isRoot ? 41_001 : (process.getuid?.() ?? -1);
const group = isRoot ? 41_001 : (process.getgid?.() ?? -1);

let scratch = "";
let store = "";
let letter = "";
let state = "";
let rescue = "";

beforeEach(async () => {
  scratch = await scratchDirectory("rescue");
  await chmod(scratch, 0o755);
  store = join(scratch, "store");
  letter = join(store, "letter.txt");
  state = join(scratch, "state");
  rescue = join(state, "holdfast", "rescue");
  await mkdir(store);
  await writeFile(letter, "what the store has");
  if (isRoot) await runProgram("chown", ["-R", `${writer}:${group}`, store]);
});

/** Runs a verb with the rescue directory where a user's own would be. */
function holdfast(...words: string[]): Promise<Finished> {
  return runHoldfast(["rescue", ...words], { environment: { XDG_STATE_HOME: state } });
}

/** Keeps an entry as a mount of the store would; answers with its id. */
async function keepEntry(more: Record<string, unknown> = {}): Promise<string> {
  const asked = {
    rescue,
    store,
    path: "/letter.txt",
    ranges: { 0: "WHAT", 9: "STORE" },
    uid: writer,
    gid: group,
    ...more,
  };
  return (await runOwn("rescue-keep", [JSON.stringify(asked)])).trim();
}

describe("list and show", () => {
  it("[S5.3] say that nothing was rescued, and then what was", async () => {
    expect(await holdfast("list")).toMatchObject({ status: 0, stdout: `nothing is kept in ${rescue}\n`, stderr: "" });
    const id = await keepEntry();
    const listed = await holdfast("list");
    expect(listed.stdout.split("\n")[0]).toMatch(/^ID +REFUSED +WHY +USER +SIZE +STATE +PATH$/);
    expect(listed.stdout.split("\n")[1]).toMatch(
      new RegExp(`^${id}  20\\d\\d-\\d\\d-\\d\\dT[\\d:]+Z  EACCES  ${writer} +9 B +kept +/letter.txt$`),
    );
    const { entries } = JSON.parse((await holdfast("list", "--json")).stdout) as { entries: { manifest: unknown }[] };
    expect(entries).toMatchObject([{ id, state: "whole", manifest: { path: "/letter.txt", store: `dir:${store}` } }]);
    const shown = await holdfast("show", id.slice(0, 6));
    expect(shown).toMatchObject({ status: 0, stderr: "" });
    for (const word of [id, "/letter.txt", `dir:${store}`, "EACCES", `user ${writer}`, "[0, 4)", "[9, 14)"]) {
      expect(shown.stdout).toContain(word);
    }
    expect(JSON.parse((await holdfast("show", id, "--json")).stdout)).toEqual(entries[0]);
  });

  it("[S5.3] write the bytes to a file, and to a reader that goes away early", async () => {
    const id = await keepEntry({ ranges: { 3: "0123456789" }, times: 500_000 });
    const script = `"$node" "$command" rescue show --bytes "$id" | cmp - "$text" && "$node" "$command" rescue show --bytes "$id" | head -c 4`;
    await writeFile(join(scratch, "text"), "0123456789".repeat(500_000));
    const environment = {
      node: process.execPath,
      command: commandPath,
      id,
      text: join(scratch, "text"),
      XDG_STATE_HOME: state,
    };
    expect(await runProgram("sh", ["-c", script], { environment })).toMatchObject({
      status: 0,
      stdout: "0123",
      stderr: "",
    });
    expect(await holdfast("show", "--bytes", "--json", id)).toMatchObject({ status: 2 });
  });

  it("keep a path with strange bytes on one line", async () => {
    await rename(letter, join(store, "a\nb"));
    await keepEntry({ path: "/a\nb" });
    expect((await holdfast("list")).stdout.split("\n")).toHaveLength(4);
    expect((await holdfast("list")).stdout).toContain('"/a\\nb"');
  });
});

describe("diff", () => {
  it("[S5.3] has the exit status of diff(1): same, different, trouble", async () => {
    const same = await keepEntry({ ranges: { 0: "what" } });
    expect(await holdfast("diff", same)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/\[0, 4\) +same\n/),
    });
    const different = await keepEntry({ ranges: { 0: "wHAt", 30: "x" } });
    const said = await holdfast("diff", different);
    expect(said).toMatchObject({ status: 1, stderr: "" });
    expect(said.stdout).toMatch(/\[0, 4\) +different: 2 bytes, the first at 1\n +\[30, 31\) +missing: beyond the end/);
    expect(JSON.parse((await holdfast("diff", "--json", different)).stdout)).toMatchObject({ isSame: false });
    await rename(store, `${store}-away`);
    const trouble = await holdfast("diff", same);
    expect(trouble).toMatchObject({ status: 2, stdout: "" });
    expect(trouble.stderr).toMatch(/^holdfast: the store directory .* does not exist.*\n$/);
    expect(await holdfast("diff", "--store", `dir:${store}-away`, same)).toMatchObject({ status: 0 });
    await rm(join(`${store}-away`, "letter.txt"));
    expect(await holdfast("diff", "--store", `dir:${store}-away`, same)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("the file is gone from the store"),
    });
  });
});

describe("restore", () => {
  it("[S5.3] writes the bytes in the writer's name, marks the entry, and discard disposes of it", async () => {
    const id = await keepEntry();
    const restored = await holdfast("restore", id.slice(0, 8));
    expect(restored).toMatchObject({ status: 0, stderr: "" });
    expect(restored.stdout).toBe(
      `holdfast: restored 9 bytes of entry ${id} to /letter.txt; the entry is kept until: holdfast rescue discard ${id}\n`,
    );
    expect(await readFile(letter, "utf8")).toBe("WHAT the STORE has");
    expect((await holdfast("list")).stdout).toMatch(/ restored +\/letter.txt\n/);
    expect(await holdfast("discard", id.slice(0, 8))).toMatchObject({ status: 1, stdout: "" });
    expect(await holdfast("discard", id)).toMatchObject({ status: 0, stdout: `holdfast: discarded entry ${id}\n` });
    expect((await holdfast("list")).stdout).toMatch(/^nothing is kept/);
  });

  it.skipIf(!isRoot)("[S5.3] is a write that may be refused (needs root to write in others' names)", async () => {
    const id = await keepEntry();
    await runProgram("chown", ["0:0", letter]);
    const refused = await holdfast("restore", id, "--discard");
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toMatch(
      /^holdfast: EACCES: permission denied.*, restore '\/letter.txt'; user \d+ wrote .*--as UID:GID\n$/,
    );
    expect(await readFile(letter, "utf8")).toBe("what the store has");
    expect((await holdfast("show", id)).status).toBe(0);
    expect(await holdfast("restore", id, "--as", "0:0", "--discard", "--json")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\{"event":"restored",.*"entry":"discarded"\}\n$/),
    });
    expect(await readFile(letter, "utf8")).toBe("WHAT the STORE has");
    expect(await readdir(rescue)).toEqual([]);
  });

  it("[S5.3] leaves a file alone that others changed, and overwrites it when told to", async () => {
    const id = await keepEntry();
    await writeFile(letter, "changed by somebody else");
    const refused = await holdfast("restore", id);
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^holdfast: ESTALE: .*changed by others.*\n$/);
    expect(refused.stderr).toContain(`; see holdfast rescue diff ${id}, then say --overwrite, or --to PATH\n`);
    expect((await holdfast("diff", id)).stdout).toContain("changed since the bytes were written");
    expect(await readFile(letter, "utf8")).toBe("changed by somebody else");
    expect(await holdfast("restore", id, "--overwrite")).toMatchObject({ status: 0 });
    expect(await readFile(letter, "utf8")).toBe("WHATged bSTOREebody else");
  });

  it("[S5.3] makes a deleted file again, under a path that is free", async () => {
    const id = await keepEntry({ ranges: { 2: "rescued" } });
    await rm(letter);
    const gone = await holdfast("restore", id);
    expect(gone).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/ENOENT: .* to another path.*; say --to PATH\n$/),
    });
    const made = await holdfast("restore", id, "--to", "/letter.txt");
    expect(made).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("a new file in which all other bytes are zeros"),
    });
    expect(await readFile(letter, "utf8")).toBe("\0\0rescued");
    const { uid, mode } = await stat(letter);
    expect({ uid, mode: mode & 0o777 }).toEqual({ uid: writer, mode: 0o600 });
    await writeFile(join(store, "other"), "in the way");
    expect(await holdfast("restore", id, "--to", "/other")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("EEXIST"),
    });
    expect(await readFile(join(store, "other"), "utf8")).toBe("in the way");
  });

  it("says what is missing when the entry's store cannot be opened by its URL", async () => {
    const inMemory = await keepEntry({ url: "mem:" });
    const said = await holdfast("restore", inMemory);
    expect(said).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/went with its mount; give --store URL\n$/),
    });
    expect(await holdfast("restore", inMemory, "--store", `dir:${store}`)).toMatchObject({ status: 0 });
    const remote = await keepEntry({ url: "sftp://anna:hunter2@host/data" });
    const unknown = await holdfast("restore", remote);
    expect(unknown.stderr + unknown.stdout + (await holdfast("show", remote)).stdout).not.toContain("hunter2");
    expect(unknown.stderr).toMatch(/^holdfast: no store knows the scheme "sftp:".*\n$/);
  });
});

describe("bad input", () => {
  it("is one clear line each, and nothing is lost", async () => {
    const id = await keepEntry();
    const missing = join(scratch, "none");
    const open = join(scratch, "open");
    await mkdir(open, { mode: 0o755 });
    const shared = join(scratch, "shared");
    await mkdir(join(shared, "others"), { recursive: true, mode: 0o755 });
    const file = join(scratch, "file");
    await writeFile(file, "");
    const cases: [readonly string[], number, RegExp][] = [
      [["list", "--rescue", missing], 1, /there is no directory .*none, so nothing is kept there; look at the path/],
      [
        ["list", "--rescue", shared],
        1,
        /\(mode 0755\); keep rescued bytes in a directory of their own, made with mkdir -m 700/,
      ],
      [["list", "--rescue", open], 1, /open to others \(mode 0755\); close it: chmod 700/],
      [["list", "--rescue", file], 1, /is not a directory/],
      [["show", "zzz"], 1, /no rescue entry "zzz"/],
      [["show", "../../etc"], 1, /no rescue entry/],
      [["show"], 2, /rescue show needs ID, as in: holdfast rescue show/],
      [["restore", id, "--as", "anna"], 2, /--as wants numbers, as in --as 1000:1000/],
      [["restore", id, "--as", "1:99999999999"], 2, /--as wants numbers/],
      [["restore", id, "--store", "nowhere"], 2, /is no store URL; for the directory, say dir:nowhere/],
      [["restore", id, "--to", "/../x"], 1, /EINVAL: .* has no \.\./],
      [["discard"], 2, /needs whole ids, or --all alone/],
      [["discard", "--all", id], 2, /needs whole ids, or --all alone/],
      [["discard", id, "zzz"], 1, /no entry has the id zzz, so nothing was discarded/],
      [[], 2, /more is needed; the verbs are rescue list, rescue show/],
      [["lst"], 2, /there is no verb "rescue lst"/],
    ];
    for (const [words, status, message] of cases) {
      const finished = await holdfast(...words);
      expect(finished.stderr, words.join(" ")).toMatch(message);
      expect(finished.stderr.trimEnd().split("\n"), words.join(" ")).toHaveLength(1);
      expect(finished.status, words.join(" ")).toBe(status);
    }
    expect(await holdfast("show", id)).toMatchObject({ status: 0 });
    expect(await readFile(letter, "utf8")).toBe("what the store has");
  });

  it("[S5.3] damaged and newer entries are listed as what they are, and neither is restored", async () => {
    const [whole, damaged, newer] = [await keepEntry(), await keepEntry(), await keepEntry()];
    await edit(join(rescue, damaged, "manifest.json"), '"offset": 9', '"offset": 8');
    await edit(join(rescue, newer, "manifest.json"), '"format": 1', '"format": 7');
    const listed = await holdfast("list");
    expect(listed).toMatchObject({ status: 0, stderr: "" });
    expect(listed.stdout).toMatch(new RegExp(`${damaged} +damaged`));
    expect(listed.stdout).toMatch(new RegExp(`${newer} +newer`));
    for (const verb of ["show", "restore"]) {
      expect(await holdfast(verb, damaged)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/is damaged/),
      });
      expect(await holdfast(verb, newer)).toMatchObject({ status: 1, stderr: expect.stringMatching(/newer version/) });
    }
    expect(await holdfast("diff", damaged)).toMatchObject({ status: 2 });
    const all = await holdfast("discard", "--all", "--json");
    expect(all).toMatchObject({ status: 1, stderr: expect.stringContaining("newer version (format 7)") });
    expect((JSON.parse(all.stdout.split("\n")[0] ?? "") as { ids: string[] }).ids.sort()).toEqual(
      [whole, damaged].sort(),
    );
    expect(await readdir(rescue)).toEqual([newer]);
  });

  it.skipIf(!isRoot)("a read-only disk can be looked at and restored from (needs root to mount one)", async () => {
    const id = await keepEntry();
    const point = await mkdtemp(join(scratch, "disk-"));
    await runProgram("mount", ["--bind", rescue, point]);
    await runProgram("mount", ["-o", "remount,bind,ro", point]);
    try {
      expect(await holdfast("list", "--rescue", point)).toMatchObject({
        status: 0,
        stdout: expect.stringContaining(id),
      });
      expect(await holdfast("discard", id, "--rescue", point)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/is on a read-only disk; use another one\n$/),
      });
      expect(await holdfast("restore", id, "--rescue", point)).toMatchObject({
        status: 0,
        stdout: expect.stringContaining("could not be marked"),
      });
    } finally {
      await runProgram("umount", [point]);
    }
    expect(await readFile(letter, "utf8")).toBe("WHAT the STORE has");
  });
});

async function edit(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(path, "utf8");
  expect(text).toContain(from);
  await writeFile(path, text.replace(from, to));
}
