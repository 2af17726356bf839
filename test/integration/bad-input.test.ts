import { mkdir, readFile, rename, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { RunningMount, runHoldfast, runProgram } from "../kit/command.ts";
import { mountsBelow, scratchDirectory } from "../kit/scratch.ts";

let scratch = "";
let store = "";
let point = "";

beforeEach(async () => {
  scratch = await scratchDirectory("bad-input");
  store = join(scratch, "store");
  point = join(scratch, "mount");
  await mkdir(store);
  await mkdir(point);
});

/** One clear line on standard error, nothing on standard output, the right exit status, nothing mounted. */
async function expectRefusal(parameters: readonly string[], status: number, words: RegExp): Promise<void> {
  const finished = await runHoldfast(parameters);
  const shown = `${parameters.join(" ")}: ${finished.stderr}`;
  expect(finished.status, shown).toBe(status);
  expect(finished.stdout, shown).toBe("");
  expect(finished.stderr, shown).toMatch(words);
  expect(finished.stderr.trimEnd().split("\n"), shown).toHaveLength(1);
  expect(await mountsBelow(scratch)).toEqual([]);
}

it("command lines that make no sense end with 2 and one line", async () => {
  await expectRefusal([], 2, /say what to do/);
  await expectRefusal(["mont"], 2, /there is no verb "mont"; the verbs are mount, unmount, status/);
  await expectRefusal(["mount"], 2, /mount needs URL and DIR, as in: holdfast mount dir:.* /);
  await expectRefusal(["mount", "mem:"], 2, /DIR is missing/);
  await expectRefusal(["mount", "mem:", ""], 2, /^holdfast: mount: DIR is empty, as in: /);
  await expectRefusal(["unmount", ""], 2, /^holdfast: unmount: DIR is empty, see holdfast unmount --help/);
  await expectRefusal(["mount", "mem:", point, point], 2, /takes URL DIR/);
  await expectRefusal(["umount", point], 2, /did you mean unmount\?/);
  await expectRefusal(["mount", "ftp://host/x", point], 2, /no store knows the scheme "ftp:"/);
  await expectRefusal(["mount", store, point], 2, /is no store URL; for the directory, say dir:\//);
  await expectRefusal(["mount", `dir:${store}`, point, "--fast"], 2, /--fast/);
  await expectRefusal(["mount", `dir:${store}`, point, "--page-size", "5000"], 2, /power of two/);
  await expectRefusal(["mount", `dir:${store}`, point, "--page-size", "1K"], 2, /power of two/);
  await expectRefusal(["mount", `dir:${store}`, point, "--page-size"], 2, /: mount: --page-size needs a value; see/);
  await expectRefusal(
    ["mount", "mem:", point, "--page-size", "-1"],
    2,
    /--page-size needs a value; one that .* --page-size=-1; see/,
  );
  await expectRefusal(["mount", `dir:${store}`, point, "--cache-size", "128K"], 2, /at least 16 pages/);
  await expectRefusal(["mount", `dir:${store}`, point, "--daemon", "--cache-size", "1"], 2, /at least 16 pages/);
  await expectRefusal(["mount", "mem:", point, "--cache-size", "1000T"], 2, /must fit into the memory of this machine/);
  await expectRefusal(["mount", "mem:", point, "--refusal", "space=burn"], 2, /--refusal wants CLASS=ACTION, as in/);
  await expectRefusal(["refusals"], 2, /refusals needs DIR, as in: holdfast refusals/);
});

it("rescue directories that cannot be used end with 1 and one line that says what to do, before anything is mounted", async () => {
  const file = join(scratch, "file");
  await writeFile(file, "");
  const open = join(scratch, "open");
  await mkdir(open, { mode: 0o755 });
  const mount = (rescue: string, words: RegExp): Promise<void> =>
    expectRefusal(["mount", `dir:${store}`, point, "--rescue", rescue], 1, words);
  await mount(join(scratch, "none"), /the rescue directory .*none does not exist; make it: mkdir -m 700 /);
  await mount(file, /the rescue directory .* is not a directory/);
  await mount(open, /is open to others \(mode 0755\); close it: chmod 700/);
  for (const inside of [point, store]) {
    const rescue = join(inside, "rescue");
    await mkdir(rescue, { mode: 0o700 });
    const where = inside === point ? "mount point" : "store";
    const flags = ["--rescue", rescue, "--non-empty"];
    await expectRefusal(
      ["mount", `dir:${store}`, point, ...flags],
      1,
      new RegExp(`the rescue directory .* lies inside the ${where} .*; use another one`),
    );
  }
  const environment = { XDG_STATE_HOME: file };
  const finished = await runHoldfast(["mount", `dir:${store}`, point, "--non-empty"], { environment });
  expect(finished).toMatchObject({ status: 1, stdout: "" });
  expect(finished.stderr).toMatch(/^holdfast: the rescue directory .*file\/holdfast\/rescue .*\n$/);
  expect(await mountsBelow(scratch)).toEqual([]);
});

it.skipIf(process.getuid?.() !== 0)(
  "a rescue directory on a read-only disk is told at once (needs root to mount a disk)",
  async () => {
    const rescue = join(scratch, "rescue");
    await mkdir(rescue, { mode: 0o700 });
    await runProgram("mount", ["-t", "tmpfs", "-o", "ro,mode=700", "tmpfs", rescue]);
    const finished = await runHoldfast(["mount", `dir:${store}`, point, "--rescue", rescue]);
    await runProgram("umount", [rescue]);
    expect(finished).toMatchObject({ status: 1, stdout: "" });
    expect(finished.stderr).toMatch(/^holdfast: the rescue directory .* is on a read-only disk; use another one\n$/);
  },
);

it("mount points that cannot be used end with 1 and one line that says what to do", async () => {
  const file = join(scratch, "file");
  await writeFile(file, "");
  const full = join(scratch, "full");
  await mkdir(full);
  await writeFile(join(full, "mine"), "");
  await expectRefusal(["mount", `dir:${store}`, join(scratch, "none")], 1, /does not exist; make it first: mkdir -p/);
  await expectRefusal(["mount", `dir:${store}`, file], 1, /is not a directory; choose an empty directory$/m);
  await expectRefusal(["mount", `dir:${store}`, full], 1, /is not empty/);
  await expectRefusal(["mount", `dir:${scratch}`, point], 1, /lie inside each other/);
  await expectRefusal(["mount", `dir:${point}/s`, point], 1, /lie inside each other/);
  await expectRefusal(["mount", "dir:/", point], 1, /the store \/ and the mount point .* lie inside each other/);
  const log = join(scratch, "none", "log");
  const noLog = /--log-file .*none\/log cannot be opened \(ENOENT\)/;
  await expectRefusal(["mount", "mem:", point, "--log-file", log], 1, noLog);
  await expectRefusal(["mount", "mem:", point, "--log-file", log, "--daemon"], 1, noLog);
  await expectRefusal(["mount", "mem:", "/proc"], 1, /another file system is mounted/);
});

it("stores that cannot be used end with 1 and one line", async () => {
  const file = join(scratch, "file");
  await writeFile(file, "");
  await expectRefusal(["mount", `dir:${join(scratch, "none")}`, point], 1, /the store directory .* does not exist/);
  await expectRefusal(["mount", `dir:${file}`, point], 1, /is not a directory; use one, or the one it lies in: /);
});

it("a rescue directory that is full is told in the log, and the mount goes on", async () => {
  const entry = join(scratch, "rescue", "1m7z3p2158dnh");
  await mkdir(entry, { recursive: true, mode: 0o700 });
  await runProgram("chmod", ["700", join(scratch, "rescue")]);
  await writeFile(join(entry, "bytes"), "");
  await truncate(join(entry, "bytes"), 4 * 1024 ** 3);
  await using mount = await RunningMount.start(`dir:${store}`, point, ["--rescue", join(scratch, "rescue")]);
  expect(mount.log).toMatch(/warn {2}the rescue directory is full: .*holdfast rescue list, and discard/);
  expect((await mount.stop()).status).toBe(0);
});

it("a runtime directory that cannot be made ends with 1 and one line that says what to do", async () => {
  const file = join(scratch, "file");
  await writeFile(file, "");
  const finished = await runHoldfast(["mount", `dir:${store}`, point], { environment: { XDG_RUNTIME_DIR: file } });
  expect(finished).toMatchObject({ status: 1, stdout: "" });
  expect(finished.stderr).toMatch(/^holdfast: .* cannot be made \(ENOTDIR\); set XDG_RUNTIME_DIR to .*\n$/);
  expect(await mountsBelow(scratch)).toEqual([]);
});

it("verbs about mounts that are not there end with 1 and one line", async () => {
  await expectRefusal(["unmount", point], 1, /nothing is mounted at/);
  await expectRefusal(["unmount", "/proc"], 1, /is not holdfast's/);
  await expectRefusal(["status", point], 1, /no holdfast mount of yours is at/);
  await expectRefusal(["refusals", point], 1, /no holdfast mount of yours is served at .* holdfast rescue list/);
});

it("a directory that is mounted already is not mounted again", async () => {
  await using mount = await RunningMount.start(`dir:${store}`, point);
  const again = await runHoldfast(["mount", "mem:", point]);
  expect(again).toMatchObject({ status: 1, stderr: expect.stringMatching(/is mounted by holdfast already/) });
  expect(await mountsBelow(scratch)).toEqual([point]);
  expect((await mount.stop()).status).toBe(0);
});

it.skipIf(process.getuid?.() !== 0)(
  "a store that is the mount point's own tree under another name is refused (needs root for a mount namespace)",
  async () => {
    const tree = join(scratch, "tree");
    const other = join(scratch, "other");
    await mkdir(join(tree, "inner", "deep"), { recursive: true });
    await mkdir(other);
    const script = 'mount --bind "$1" "$2" && shift 2 && exec timeout 20 "$@"';
    const mount = [
      "unshare",
      "--mount",
      "sh",
      "-c",
      script,
      "sh",
      tree,
      other,
      process.execPath,
      "bin/holdfast.js",
      "mount",
    ];
    for (const [storePath, directory] of [
      [other, join(tree, "inner")],
      [other, tree],
      [join(tree, "inner", "deep"), join(other, "inner")],
    ] as const) {
      const [program = "", ...parameters] = [...mount, `dir:${storePath}`, directory, "--non-empty"];
      const finished = await runProgram(program, parameters);
      expect(finished.stderr).toMatch(
        /^holdfast: the store .* and the mount point .* lie inside each other; move one\n$/,
      );
      expect(finished.status).toBe(1);
    }
  },
);

it.skipIf(process.getuid?.() !== 0)("no /dev/fuse is one clear line (needs root for a mount namespace)", async () => {
  const script = `mount -t tmpfs none /dev && exec "$@"`;
  const command = [process.execPath, "bin/holdfast.js", "mount", `dir:${store}`, point];
  const finished = await runProgram("unshare", ["--mount", "sh", "-c", script, "sh", ...command]);
  expect(finished.stderr).toMatch(/^holdfast: there is no \/dev\/fuse; load the kernel's module.*\n$/);
  expect(finished.status).toBe(1);
});

it.skipIf(process.getuid?.() !== 0)(
  "no permission is one clear line (needs root to become somebody else)",
  async () => {
    const runtime = join(scratch, "run");
    await mkdir(runtime);
    await runProgram("chown", ["65534:65534", runtime, store]);
    await runProgram("chmod", ["755", scratch, join(scratch, "..")]);
    const options = { uid: 65534, environment: { XDG_RUNTIME_DIR: runtime, XDG_STATE_HOME: runtime } };
    const finished = await runHoldfast(["mount", `dir:${store}`, point], options);
    expect(finished.status).toBe(1);
    expect(finished.stderr.trimEnd().split("\n").at(-1)).toMatch(
      /^holdfast: cannot mount at .*(directory of your own|chmod 666)/,
    );
    const closed = join(scratch, "closed");
    await mkdir(closed, { mode: 0o700 });
    const ofStore = await runHoldfast(["mount", `dir:${closed}`, point], options);
    expect(ofStore).toMatchObject({ status: 1, stderr: expect.stringMatching(/is not open to you; ask its owner/) });
    const ofPoint = await runHoldfast(["mount", `dir:${store}`, join(closed, "point")], options);
    expect(ofPoint).toMatchObject({ status: 1, stderr: expect.stringMatching(/is not open to you; use a directory/) });
    expect(await mountsBelow(scratch)).toEqual([]);
  },
);

it("[G23] an unmount while the store directory is away says so and keeps the mount; once it is back all goes well", async () => {
  await using mount = await RunningMount.start(`dir:${store}`, point, ["--attribute-timeout", "0"]);
  await writeFile(join(point, "file"), "taken");
  await rename(store, `${store}-away`);
  const kept = await runHoldfast(["unmount", point]);
  expect(kept.status, kept.stderr).toBe(1);
  expect(kept.stderr).toMatch(
    /stays mounted, for what the store took .* is gone\).*; mend the store and try again, or use --force\n$/,
  );
  await rename(`${store}-away`, store);
  expect(await runHoldfast(["unmount", point])).toMatchObject({ status: 0, stderr: "" });
  expect((await mount.finished()).status).toBe(0);
  expect(await readFile(join(store, "file"), "utf8")).toBe("taken");
});

it("[G23] a forced unmount from a store directory that is away ends with 1 and says what may be lost", async () => {
  await using mount = await RunningMount.start(`dir:${store}`, point, ["--attribute-timeout", "0"]);
  await writeFile(join(point, "file"), "taken");
  await rename(store, `${store}-away`);
  const forced = await runHoldfast(["unmount", point, "--force"]);
  expect(forced.status, forced.stderr).toBe(1);
  expect(forced.stderr).toMatch(/but left: the store is gone, and bytes that it took may be, too: .* is gone\)/);
  expect((await mount.finished()).status).toBe(1);
});

it("a store directory that goes away while it is mounted is an error, not a crash, and nothing is lost when it is back", async () => {
  await writeFile(join(store, "file"), "here");
  await using mount = await RunningMount.start(`dir:${store}`, point, ["--attribute-timeout", "0"]);
  expect(await readFile(join(point, "file"), "utf8")).toBe("here");
  await rename(store, `${store}-away`);
  await mkdir(store);
  await expect(stat(join(point, "other"))).rejects.toMatchObject({ code: expect.stringMatching(/^E/) });
  await runProgram("rmdir", [store]);
  await rename(`${store}-away`, store);
  await writeFile(join(point, "file"), "back again");
  expect(await mount.stop()).toMatchObject({ status: 0 });
  expect(await readFile(join(store, "file"), "utf8")).toBe("back again");
});
