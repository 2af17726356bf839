/** What else another client does to a file while bytes of it are unsent: it deletes it, or appends to it; and the lazy policy. */
import { appendFile, chmod, chown, readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { alice, bob, carol, RefusalMount } from "../kit/refusal-mount.ts";
import { until } from "../kit/until.ts";
import type { Status } from "../kit/worker.ts";

/** Whole pages of the cache, so that bytes behind its end share no page with bytes at its start. */
const before = "s".repeat(128 * 1024);

/** A file of alice's that everybody may write. */
async function start(name: string, flags: readonly string[] = []): Promise<{ place: RefusalMount; path: string }> {
  const place = await RefusalMount.start(name, flags);
  const path = place.mounted.inStore("shared");
  await writeFile(path, before);
  await chown(path, alice.uid, alice.gid);
  await chmod(path, 0o666);
  return { place, path };
}

const isRoot = process.getuid?.() === 0;
describe.skipIf(!isRoot)("a file with unsent bytes that another client (needs root to become several users)", () => {
  it("[S0.14] [S5.1] [S5.8] deletes takes nobody's bytes: each is told once, and all are in rescue", async () => {
    const { place, path } = await start("deleted");
    await using _end = place;
    const [ofAlice, ofBob] = [await place.as(alice), await place.as(bob)];
    const [file, second] = [await ofAlice.do("open", "shared", "r+"), await ofBob.do("open", "shared", "r+")];
    await ofAlice.do("write", file, "A".repeat(5000), before.length);
    await ofBob.do("write", second, "B".repeat(100), 0);
    await rm(path);
    expect(await ofAlice.try("fsync", file)).toBe("ESTALE");
    expect(await ofAlice.try("fsync", file)).toBe("ok");
    expect(await ofBob.try("fsync", second)).toBe("ESTALE");
    expect(await ofBob.try("fsync", second)).toBe("ok");
    await until("the name is gone", async () => (await ofAlice.try("stat", "shared")) === "ENOENT", 1000);
    expect(await ofAlice.try("write", file, "more", 0)).toBe("ESTALE");
    const entries = (await place.entries()).toSorted(
      (one, other) => one.manifest.credential.uid - other.manifest.credential.uid,
    );
    expect(entries).toMatchObject([
      { manifest: { path: "/shared", credential: { uid: alice.uid }, refusal: { class: "gone" } } },
      { manifest: { path: "/shared", credential: { uid: bob.uid }, refusal: { class: "gone" } } },
    ]);
    const texts = await Promise.all(entries.map(({ id }) => place.textOf(id)));
    expect(texts.map((text) => [text[0], text.length])).toEqual([
      ["A", 5000],
      ["B", 100],
    ]);
    expect((await place.unmount()).ended.status).toBe(1);
  });

  it("[S0.15] appends to stays as that client made it, and a hole in what was refused is told", async () => {
    const { place, path } = await start("appended");
    await using _end = place;
    const [ofAlice, ofCarol] = [await place.as(alice), await place.as(carol)];
    const [file, seen] = [await ofAlice.do("open", "shared", "r+"), await ofCarol.do("open", "shared", "r")];
    await ofAlice.do("write", file, "A".repeat(5000), before.length);
    await appendFile(path, "theirs");
    await chmod(path, 0o444);
    expect(await ofAlice.try("fsync", file)).toBe("EACCES");
    await until("the store's size", async () => {
      return (await ofCarol.do<Status>("stat", seen)).size === before.length + "theirs".length;
    });
    await until(
      "their bytes are seen",
      async () => (await ofCarol.do<string>("read", seen, 100, before.length - 2)) === "sstheirs",
      1000,
    );
    expect(await readFile(path, "utf8")).toBe(`${before}theirs`);
    expect(await place.refusals()).toMatchObject([
      {
        sizeBefore: before.length + 5000,
        sizeAfter: before.length + "theirs".length,
        hole: { start: before.length, end: before.length + "theirs".length },
      },
    ]);
    const [entry] = await place.entries();
    expect(await place.textOf(entry?.id ?? "")).toBe("A".repeat(5000));
    expect((await place.unmount()).ended.status).toBe(1);
  });
});

describe.skipIf(!isRoot)("a refusal that is to be forgotten later (needs root to become several users)", () => {
  it("[S0.34] [S0.38] is told, and the next look finds the store's bytes and size, in mappings too", async () => {
    const { place, path } = await start("lazily", ["--refusal", "permission=invalidate-lazily"]);
    await using _end = place;
    const [ofAlice, ofBob, ofCarol] = [await place.as(alice), await place.as(bob), await place.as(carol)];
    const [file, second] = [await ofAlice.do("open", "shared", "r+"), await ofBob.do("open", "shared", "r+")];
    const mapping = await ofCarol.do("map", await ofCarol.do("open", "shared", "r"), before.length, 1);
    await ofAlice.do("write", file, "A".repeat(5000), before.length);
    await ofAlice.do("write", file, "AAAA", 70_000);
    await chmod(path, 0o466);
    expect(await ofAlice.try("fsync", file)).toBe("EACCES");
    await ofBob.do("write", second, "BBBB", 10);
    await until("the store's size", async () => (await ofAlice.do<Status>("stat", file)).size === before.length, 2000);
    expect(await ofAlice.do<string>("read", file, 6, 9)).toBe("sBBBBs");
    expect(await ofAlice.do<string>("read", file, 6, 69_999)).toBe("ssssss");
    await until("the mapping", async () => (await ofCarol.do<string>("load", mapping + 70_000, 4)) === "ssss", 2000);
    expect(await ofBob.try("fsync", second)).toBe("EACCES");
    expect((await readFile(path, "utf8")).slice(9, 15)).toBe("sBBBBs");
    expect(await place.refusals()).toMatchObject([{ outcome: "invalidated", uid: alice.uid, code: "EACCES" }]);
    const [entry] = await place.entries();
    expect(await place.textOf(entry?.id ?? "")).toBe(`AAAA${"A".repeat(5000)}`);
    expect((await place.unmount()).ended.status).toBe(1);
  });
});
