/** What users of a mount meet when the store says no to one of them: through the kernel, with real users and real stores. */
import { chmod, chown, readFile, stat, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { runHoldfast } from "../kit/command.ts";
import { run } from "../kit/mounted-store.ts";
import { alice, bob, carol, RefusalMount } from "../kit/refusal-mount.ts";
import { until } from "../kit/until.ts";
import type { Status, Worker } from "../kit/worker.ts";

const isRoot = process.getuid?.() === 0;
const mebibyte = 1024 * 1024;
const before = "s".repeat(128 * 1024);
const alices = "A".repeat(mebibyte);
const bobs = "B".repeat(100);

/** How another client of the server takes alice's right to write away, leaving bob's, and gives it back. */
const revocations = [
  {
    by: "chmod",
    take: (path: string) => chmod(path, 0o466),
    giveBack: (path: string) => chmod(path, 0o666),
  },
  {
    by: "chown",
    take: async (path: string) => {
      await chown(path, carol.uid, alice.gid);
      await chmod(path, 0o646);
    },
    giveBack: (path: string) => chown(path, alice.uid, alice.gid),
  },
] as const;

interface SharedFile {
  readonly place: RefusalMount;
  readonly path: string;
  /** Alice's worker and file, bob's, and carol's, who only reads. */
  readonly opened: readonly Opened[];
}

type Opened = readonly [Worker, number];

/** Alice and bob have unsent bytes in one file, hers beyond its end; carol has read and mapped them. */
async function sharedFile(): Promise<SharedFile> {
  const place = await RefusalMount.start("revoked");
  const path = place.mounted.inStore("shared");
  await writeFile(path, before);
  await chown(path, alice.uid, alice.gid);
  await chmod(path, 0o666);
  const [ofAlice, ofBob, ofCarol] = [await place.as(alice), await place.as(bob), await place.as(carol)];
  const file = await ofAlice.do("open", "shared", "r+");
  const second = await ofBob.do("open", "shared", "r+");
  const seen = await ofCarol.do("open", "shared", "r");
  await ofAlice.do("write", file, alices, before.length);
  await ofBob.do("write", second, bobs, 0);
  const mapping = await ofCarol.do("map", seen, before.length + mebibyte, 1);
  expect(await ofCarol.do<string>("load", mapping + before.length, 5)).toBe("AAAAA");
  expect(await ofCarol.do<string>("read", seen, 10, before.length + 1000)).toBe("AAAAAAAAAA");
  return {
    place,
    path,
    opened: [
      [ofAlice, file],
      [ofBob, second],
      [ofCarol, seen],
    ],
  };
}

/** Within a second everybody sees the size and the bytes that the store has, and bob's, which it was sent. */
async function expectServersView({ opened }: SharedFile): Promise<void> {
  const told = performance.now();
  const sizes = (): Promise<Status[]> => Promise.all(opened.map(([worker, file]) => worker.do<Status>("stat", file)));
  await until("everybody sees the server's size", async () => {
    return (await sizes()).every(({ size }) => size === before.length);
  });
  for (const [worker, file] of opened) {
    expect(await worker.do<string>("read", file, 200, before.length - 10)).toBe("ssssssssss");
    expect(await worker.do<string>("read", file, 101, 0)).toBe(`${bobs}s`);
  }
  expect(performance.now() - told, "milliseconds until every reader sees the server's bytes").toBeLessThan(1000);
}

/** One entry is in rescue, with exactly alice's bytes, and the mount tells of it. */
async function expectOneEntry({ place }: SharedFile): Promise<string> {
  const [entry, ...others] = await place.entries();
  if (entry === undefined) throw new Error("nothing was rescued");
  expect(others).toEqual([]);
  expect(entry.manifest).toMatchObject({
    path: "/shared",
    ranges: [{ offset: before.length, byteCount: mebibyte }],
    credential: { uid: alice.uid, gid: alice.gid },
    refusal: { class: "permission", code: "EACCES", errno: 13 },
    fileSize: before.length + mebibyte,
  });
  expect((await place.textOf(entry.id)) === alices).toBe(true);
  const refusal = {
    path: "/shared",
    uid: alice.uid,
    code: "EACCES",
    class: "permission",
    outcome: "excised",
    rescueId: entry.id,
    byteCount: mebibyte,
    sizeBefore: before.length + mebibyte,
    sizeAfter: before.length,
    mayHaveBeenRead: true,
  };
  expect(await place.refusals()).toMatchObject([refusal]);
  return entry.id;
}

/** The log has one line of the lost bytes, with all that finds the file, and the entry, again. */
async function expectLogged({ place, path }: SharedFile, id: string, log: string): Promise<void> {
  const { ino } = await stat(path);
  const lines = log.split("\n").filter((line) => line.includes("could not be written back"));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/ path=\/shared kind=file mode=0\d{3} inode=\d+ store=dir:\S+ bytes=131072-1179648 /);
  expect(lines[0]).toContain(` inode=${ino} store=dir:${place.mounted.store} `);
  expect(lines[0]).toContain(` code=EACCES class=permission outcome=excised rescue=${id} `);
}

describe.skipIf(!isRoot)("what a person has disposed of (needs root to become several users)", () => {
  it("[S5.3] [G23] is told as that, and does not count when the mount ends", async () => {
    await using place = await RefusalMount.start("disposed");
    const worker = await place.as(alice);
    for (const name of ["first", "second"]) {
      await worker.do("writeFile", name, "before", 0o644);
      const file = await worker.do("open", name, "r+");
      await worker.do("write", file, "after", 0);
      await chmod(place.mounted.inStore(name), 0o444);
      expect(await worker.try("fsync", file)).toBe("EACCES");
      await worker.do("close", file);
    }
    const [one, two] = await place.entries();
    if (one === undefined || two === undefined) throw new Error("two entries were expected");
    expect(await place.refusals()).toMatchObject([{ fate: "kept" }, { fate: "kept" }]);
    expect((await place.rescued("discard", one.id)).status).toBe(0);
    expect(await place.refusals()).toMatchObject([{ fate: "gone" }, { fate: "kept" }]);
    const status = await runHoldfast(["status", place.mounted.point]);
    expect(status.stdout).toContain("refused: 2 times, 1 of them not disposed of");
    const listed = await runHoldfast(["refusals", place.mounted.point]);
    expect(listed.stdout).toContain(`restored or discarded since; rescue had it as ${one.id}`);
    expect(listed.stdout).toContain(`kept in rescue as ${two.id}\n`);
    const { asked, ended } = await place.unmount();
    expect(asked).toMatchObject({ status: 1, stdout: expect.stringContaining(`kept in rescue as ${two.id}`) });
    expect(asked.stderr).toMatch(/^holdfast: unmounted .*, but the store had refused what is named above\n$/);
    expect(ended.status).toBe(1);
  });
});

describe.skipIf(!isRoot)("a right that another client takes away (needs root to become several users)", () => {
  it.each(revocations)(
    "[S0.7] [S0.8] [S0.10] [S0.11] [S3.14] [S5.1] [S5.5] [S5.8] [S5.15] [G2] [G9] [G27] by $by: the writer hears EACCES, all see the store's bytes, others' bytes survive, and the writer's come back from rescue",
    async ({ take, giveBack }) => {
      const shared = await sharedFile();
      await using place = shared.place;
      const [[ofAlice, file], [ofBob, second], [ofCarol, seen]] = shared.opened as [Opened, Opened, Opened];
      await take(shared.path);
      expect(await ofAlice.try("fsync", file)).toBe("EACCES");
      await expectServersView(shared);
      expect(await ofAlice.try("fsync", file)).toBe("ok");
      expect(await ofBob.try("fsync", second)).toBe("EACCES");
      expect(await ofBob.try("fsync", second)).toBe("ok");
      expect(await ofBob.try("close", second)).toBe("ok");
      const inStore = bobs + before.slice(bobs.length);
      expect((await readFile(shared.path, "utf8")) === inStore).toBe(true);

      const id = await expectOneEntry(shared);
      const refusedAgain = await place.rescued("restore", id);
      expect(refusedAgain).toMatchObject({ status: 1, stderr: expect.stringContaining("EACCES") });
      await giveBack(shared.path);
      expect(await place.rescued("restore", id)).toMatchObject({ status: 0, stderr: "" });
      expect((await readFile(shared.path, "utf8")) === inStore + alices).toBe(true);
      await until("the mount shows what was restored", async () => {
        return (await ofCarol.do<string>("read", seen, 5, before.length)) === "AAAAA";
      });
      expect(await place.refusals()).toMatchObject([{ rescueId: id, fate: "restored" }]);
      const { asked, ended } = await place.unmount();
      const restored = expect.stringContaining(`restored since; ${id} in rescue is a copy`);
      expect(asked).toMatchObject({ status: 0, stdout: restored, stderr: "" });
      expect(ended.status).toBe(0);
      await expectLogged(shared, id, ended.stderr);
      expect(ended.stderr.trimEnd().split("\n").at(-2)).toContain(`see holdfast rescue list --rescue ${place.rescue}`);
    },
  );

  it("[S0.8] [S5.8] [G11] close tells what fsync would have told, and another's mapping shows the store's bytes again", async () => {
    await using place = await RefusalMount.start("close");
    const [worker, reader] = [await place.as(alice), await place.as(bob)];
    await worker.do("writeFile", "letter", "before", 0o644);
    const file = await worker.do("open", "letter", "r+");
    const mapping = await reader.do("map", await reader.do("open", "letter", "r"), 4096, 1);
    await worker.do("write", file, "BEFORE AND AFTER", 0);
    expect(await reader.do<string>("load", mapping, 6)).toBe("BEFORE");
    await chmod(place.mounted.inStore("letter"), 0o444);
    expect(await worker.try("close", file)).toBe("EACCES");
    await until(
      "the mapping is the store's",
      async () => (await reader.do<string>("load", mapping, 6)) === "before",
      1000,
    );
    expect(await reader.do<string>("load", mapping, 10)).toBe("before\0\0\0\0");
    expect(await worker.do<string>("readFile", "letter")).toBe("before");
    expect(await place.entries()).toMatchObject([{ manifest: { path: "/letter", refusal: { code: "EACCES" } } }]);
    expect((await place.unmount()).ended.status).toBe(1);
  });

  it("[S5.8] [G9] msync tells it, and the mapping shows the store's bytes again", async () => {
    await using place = await RefusalMount.start("msync");
    const worker = await place.as(alice);
    await worker.do("writeFile", "page", "stored".padEnd(8192, "."), 0o644);
    const file = await worker.do("open", "page", "r+");
    const mapping = await worker.do("map", file, 8192);
    await worker.do("store", mapping, "mapped");
    await chmod(place.mounted.inStore("page"), 0o444);
    expect(await worker.try("msync", mapping, 8192)).toBe("EACCES");
    await until(
      "the page is the store's",
      async () => (await worker.do<string>("load", mapping, 6)) === "stored",
      1000,
    );
    const [entry] = await place.entries();
    expect((await place.textOf(entry?.id ?? "")).slice(0, 8)).toBe("mapped..");
    await worker.try("close", file);
    expect((await place.unmount()).ended.status).toBe(1);
  });

  it("[S0.11] [S5.6] of a file that may not be changed at all everybody's bytes are refused, each in an entry of its own", async () => {
    await using place = await RefusalMount.start("immutable");
    const path = place.mounted.inStore("fixed");
    await writeFile(path, before);
    await chown(path, alice.uid, alice.gid);
    await chmod(path, 0o666);
    const [ofAlice, ofBob] = [await place.as(alice), await place.as(bob)];
    const [file, second] = [await ofAlice.do("open", "fixed", "r+"), await ofBob.do("open", "fixed", "r+")];
    await ofAlice.do("write", file, "A".repeat(1000), 0);
    await ofBob.do("write", second, bobs, 70_000);
    await run("chattr", ["+i", path]);
    try {
      expect(await ofAlice.try("fsync", file)).toBe("EPERM");
      expect(await ofBob.try("close", second)).toBe("EPERM");
      await until(
        "the store's bytes are seen",
        async () => (await ofAlice.do<string>("read", file, 3, 0)) === "sss",
        1000,
      );
    } finally {
      await run("chattr", ["-i", path]);
    }
    const entries = await place.entries();
    expect(entries.map(({ manifest }) => manifest.credential.uid).sort()).toEqual([alice.uid, bob.uid]);
    for (const { id } of entries)
      expect(await place.rescued("restore", id, "--overwrite")).toMatchObject({ status: 0 });
    const text = await readFile(path, "utf8");
    expect([text.slice(0, 1001), text.slice(70_000, 70_101)]).toEqual([`${"A".repeat(1000)}s`, `${bobs}s`]);
    expect((await place.unmount()).ended.status).toBe(0);
  });
});

describe.skipIf(!isRoot)("a file that another client changed meanwhile (needs root to become several users)", () => {
  it("[S5.4] [G18] with --conflict keep-both the writer's bytes are in a copy beside it, which the mount lists at once", async () => {
    await using place = await RefusalMount.start("conflict", [
      "--conflict",
      "keep-both",
      "--attribute-timeout",
      "1min",
    ]);
    const worker = await place.as(alice);
    await worker.do("writeFile", "plan.txt", "the first plan", 0o644);
    const file = await worker.do("open", "plan.txt", "r+");
    expect(await worker.do<string[]>("list", ".")).toEqual(["plan.txt"]);
    await worker.do("write", file, "MY", 4);
    await writeFile(place.mounted.inStore("plan.txt"), "their second plan");
    expect(await worker.try("fsync", file)).toBe("ESTALE");
    const name = `plan (conflict ${new Date().toISOString().slice(0, 10)} uid ${alice.uid}).txt`;
    await until("the copy is listed", async () => (await worker.do<string[]>("list", ".")).includes(name), 1000);
    expect(await worker.do<string>("readFile", name)).toBe("theiMYsecond plan");
    await until(
      "the file is theirs",
      async () => (await worker.do<string>("readFile", "plan.txt")) === "their second plan",
      1000,
    );
    expect(await stat(place.mounted.inStore(name))).toMatchObject({ uid: alice.uid, gid: alice.gid, mode: 0o100644 });
    expect(await place.entries()).toEqual([]);
    await worker.do("close", file);
    const { asked, ended } = await place.unmount();
    expect(asked).toMatchObject({ status: 1, stdout: expect.stringContaining(`written to /${name}`) });
    expect(ended.status).toBe(1);
  });

  it("[S5.4] [G18] is left alone otherwise, and a restore of what was refused says so until it is told to overwrite", async () => {
    await using place = await RefusalMount.start("refused");
    const worker = await place.as(alice);
    await worker.do("writeFile", "plan.txt", "the first plan", 0o644);
    const file = await worker.do("open", "plan.txt", "r+");
    await worker.do("write", file, "MY", 4);
    await writeFile(place.mounted.inStore("plan.txt"), "their second plan");
    expect(await worker.try("close", file)).toBe("ESTALE");
    await until(
      "the file is theirs",
      async () => (await worker.do<string>("readFile", "plan.txt")) === "their second plan",
      1000,
    );
    const [entry] = await place.entries();
    expect(entry?.manifest.refusal).toMatchObject({ class: "conflict", code: "ESTALE" });
    expect(await place.rescued("restore", entry?.id ?? "")).toMatchObject({ status: 1 });
    expect(await place.rescued("restore", entry?.id ?? "", "--overwrite")).toMatchObject({ status: 0 });
    expect(await readFile(place.mounted.inStore("plan.txt"), "utf8")).toBe("theiMYsecond plan");
    const listed = await runHoldfast(["refusals", place.mounted.point]);
    expect(listed.stdout).toMatch(
      /^\/plan.txt: 2 B \[4, 6\) of user 1101 refused with ESTALE \(conflict\); restored since; /,
    );
    const status = await runHoldfast(["status", place.mounted.point]);
    expect(status.stdout).toMatch(/^ {2}refused: 1 time, all disposed of\n {4}\/plan.txt: 2 B/m);
    expect((await place.unmount()).ended.status).toBe(0);
  });
});
