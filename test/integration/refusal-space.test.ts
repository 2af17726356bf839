/** A store without room, or without room for one user: what is kept dirty and told, and what the policy excises. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../kit/mounted-store.ts";
import { alice, bob, RefusalMount } from "../kit/refusal-mount.ts";
import { lacksFileSystem, mountSmallDisk } from "../kit/small-disk.ts";
import { until } from "../kit/until.ts";

const mebibyte = 1024 * 1024;
const alices = "A".repeat(mebibyte);

/** A mount of a store on a file system of its own. */
function placeOn(
  type: "ext4" | "btrfs",
  flags: readonly string[],
  fill: (store: string) => Promise<void>,
): Promise<RefusalMount> {
  return RefusalMount.start(`full-${type}`, flags, async (store) => {
    await mountSmallDisk(type, `${store}.image`, store);
    await fill(store);
  });
}

/** Leaves less than half a mebibyte on the disk, and a file that gives all of it back. */
async function fillUp(store: string): Promise<void> {
  await writeFile(join(store, "small"), "before");
  await run("chown", ["1101:1101", join(store, "small")]);
  await run("sh", ["-c", "head -c 300K /dev/zero > spare; cat /dev/zero > ballast; rm spare; sync"], {
    directory: store,
  }).catch(() => undefined);
  await rm(join(store, "spare"), { force: true });
}

const ext4 = await lacksFileSystem("ext4");
describe.skipIf(ext4 !== undefined)(`a store whose disk is full (needs root and mkfs.ext4: ${ext4 ?? "there"})`, () => {
  it("[S0.17] [G2] [G28] keeps what it refuses dirty and tells it, once a try, until there is room", async () => {
    await using place = await placeOn("ext4", [], fillUp);
    const worker = await place.as(alice);
    const file = await worker.do("open", "small", "r+");
    await worker.do("write", file, alices, 0);
    expect(await worker.try("fsync", file)).toBe("ENOSPC");
    expect((await worker.do<string>("read", file, mebibyte, 0)) === alices).toBe(true);
    expect(await worker.do<{ size: number }>("stat", file)).toMatchObject({ size: mebibyte });
    expect(await place.entries()).toEqual([]);
    expect(await place.refusals()).toEqual([]);
    await rm(place.mounted.inStore("ballast"));
    await until("fsync goes through", async () => (await worker.try("fsync", file)) === "ok");
    expect((await readFile(place.mounted.inStore("small"), "utf8")) === alices).toBe(true);
    await worker.do("close", file);
    const { asked, ended } = await place.unmount();
    expect([asked.status, ended.status]).toEqual([0, 0]);
  });

  it("[S0.10] [S5.1] [S5.8] with --refusal space=excise it tells ENOSPC once, shows what the store took, and rescues the rest", async () => {
    await using place = await placeOn("ext4", ["--refusal", "space=excise"], fillUp);
    const worker = await place.as(alice);
    const file = await worker.do("open", "small", "r+");
    await worker.do("write", file, alices, 0);
    expect(await worker.try("fsync", file)).toBe("ENOSPC");
    expect(await worker.try("fsync", file)).toBe("ok");
    const stored = await readFile(place.mounted.inStore("small"), "utf8");
    expect(stored.length).toBeLessThan(mebibyte);
    await until(
      "the store's bytes are seen",
      async () => (await worker.do<string>("readFile", "small")) === stored,
      1000,
    );
    expect(await worker.do<{ size: number }>("stat", file)).toMatchObject({ size: stored.length });
    const [entry, ...others] = await place.entries();
    expect(others).toEqual([]);
    expect(entry?.manifest).toMatchObject({ path: "/small", refusal: { class: "space", code: "ENOSPC" } });
    await rm(place.mounted.inStore("ballast"));
    expect(await place.rescued("restore", entry?.id ?? "")).toMatchObject({ status: 0, stderr: "" });
    expect((await readFile(place.mounted.inStore("small"), "utf8")) === alices).toBe(true);
    expect((await place.unmount()).ended.status).toBe(0);
  });
});

const btrfs = await lacksFileSystem("btrfs");
describe.skipIf(btrfs !== undefined)(`a store with a quota (needs root and btrfs: ${btrfs ?? "there"})`, () => {
  it("[S0.17] [S5.1] [S5.8] [G28] tells EDQUOT and keeps the bytes dirty until the quota is raised; others go on", async () => {
    await using place = await placeOn("btrfs", [], async (store) => {
      await run("btrfs", ["quota", "enable", store]);
      await run("btrfs", ["subvolume", "create", join(store, "home")]);
      await run("btrfs", ["qgroup", "limit", "512K", join(store, "home")]);
      await run("chmod", ["777", join(store, "home")]);
    });
    const [ofAlice, ofBob] = [await place.as(alice), await place.as(bob)];
    const file = await ofAlice.do("open", "home/file", "w+", 0o666);
    await ofAlice.do("write", file, alices, 0);
    await ofBob.do("writeFile", "elsewhere", "bob's, and not below the quota");
    expect(await ofAlice.try("fsync", file)).toBe("EDQUOT");
    expect(await readFile(place.mounted.inStore("elsewhere"), "utf8")).toBe("bob's, and not below the quota");
    expect((await ofAlice.do<string>("read", file, mebibyte, 0)) === alices).toBe(true);
    expect(await place.entries()).toEqual([]);
    await run("btrfs", ["qgroup", "limit", "none", place.mounted.inStore("home")]);
    await until("fsync goes through", async () => (await ofAlice.try("fsync", file)) === "ok");
    expect((await readFile(place.mounted.inStore("home", "file"), "utf8")) === alices).toBe(true);
    expect((await place.unmount()).ended.status).toBe(0);
  });
});
