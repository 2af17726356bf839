/** What users of a mount meet when the store says no to one of them: through the kernel, with real users and real stores. */
import { appendFile, chmod, readFile, stat, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { runHoldfast } from "../kit/command.ts";
import { alice, bob, RefusalMount } from "../kit/refusal-mount.ts";
import { until } from "../kit/until.ts";

const isRoot = process.getuid?.() === 0;

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

  it("[S0.7] [G15] fsync hears of it although the same user has opened the file for reading since", async () => {
    await using place = await RefusalMount.start("read-since");
    const worker = await place.as(alice);
    await worker.do("writeFile", "letter", "before", 0o644);
    const file = await worker.do("open", "letter", "r+");
    await worker.do("write", file, " and after", 6);
    await chmod(place.mounted.inStore("letter"), 0o444);
    expect(await worker.do<string>("readFile", "letter")).toBe("before and after");
    expect(await worker.try("fsync", file)).toBe("EACCES");
    expect(await readFile(place.mounted.inStore("letter"), "utf8")).toBe("before");
    const [entry] = await place.entries();
    expect(await place.textOf(entry?.id ?? "")).toBe(" and after");
    await worker.do("close", file);
    expect((await place.unmount()).ended.status).toBe(1);
  });

  it("[S5.1] [S5.8] [S0.12] [G9] each of two writers hears why his own bytes were refused, in whatever order that happened", async () => {
    await using place = await RefusalMount.start("two-reasons");
    const [ofAlice, ofBob] = [await place.as(alice), await place.as(bob)];
    await ofAlice.do("writeFile", "shared", "s".repeat(128 * 1024), 0o666);
    const path = place.mounted.inStore("shared");
    await chmod(path, 0o666);
    const [file, second] = [await ofAlice.do("open", "shared", "r+"), await ofBob.do("open", "shared", "r+")];
    await ofAlice.do("write", file, "hers", 0);
    await ofBob.do("write", second, "his", 70_000);
    await appendFile(path, "theirs");
    await chmod(path, 0o466);
    expect(await ofAlice.try("fsync", file)).toBe("EACCES");
    expect(await ofBob.try("fsync", second)).toBe("ESTALE");
    expect([await ofAlice.try("fsync", file), await ofBob.try("fsync", second)]).toEqual(["ok", "ok"]);
    expect((await place.refusals()).map(({ uid, code }) => [uid, code])).toEqual([
      [alice.uid, "EACCES"],
      [bob.uid, "ESTALE"],
    ]);
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
    expect(await worker.do<string>("readFile", name)).toBe("the MYrst plan");
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
