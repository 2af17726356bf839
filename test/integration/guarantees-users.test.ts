import { chmod, chown, mkdir, readFile, stat } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { runHoldfast } from "../kit/command.ts";
import { MountedStore } from "../kit/mounted-store.ts";
import { until } from "../kit/until.ts";
import { type Person, type Status, Worker } from "../kit/worker.ts";

const alice: Person = { uid: 1101, gid: 1101 };
const bob: Person = { uid: 1102, gid: 1102 };
const carol: Person = { uid: 1103, gid: 1103, groups: [1200] };
const isRoot = process.getuid?.() === 0;

async function place(name: string): Promise<{ mounted: MountedStore; as: (person: Person) => Promise<Worker> }> {
  const mounted = await MountedStore.start(name, ["--allow-other", "--attribute-timeout", "200ms"]);
  await chmod(mounted.store, 0o1777);
  return { mounted, as: (person) => Worker.start(mounted.scratch, mounted.point, person) };
}

describe.skipIf(!isRoot)("several users of one mount (needs root to become them)", () => {
  it("[G15] own what they make, and are kept from what is not theirs", async () => {
    const { mounted, as } = await place("users");
    await using _mounted = mounted;
    await using alices = await as(alice);
    await using bobs = await as(bob);
    await alices.do("writeFile", "secret", "alice's", 0o600);
    await alices.do("mkdir", "room", 0o750);
    await alices.do("writeFile", "room/note", "inside", 0o644);
    expect(await bobs.try("readFile", "secret")).toBe("EACCES");
    expect(await bobs.try("writeFile", "secret", "bob's")).toBe("EACCES");
    expect(await bobs.try("readFile", "room/note")).toBe("EACCES");
    expect(await bobs.try("stat", "room/none")).toBe("EACCES");
    expect(await bobs.try("unlink", "secret")).toMatch(/EPERM|EACCES/);
    expect(await bobs.try("chmod", "secret", 0o666)).toBe("EPERM");
    await bobs.do("writeFile", "bobs", "bob's");
    await alices.do("chmod", "secret", 0o644);
    expect(await bobs.do<string>("readFile", "secret")).toBe("alice's");
    expect(await bobs.do<Status>("stat", "bobs")).toMatchObject({ uid: bob.uid, gid: bob.gid, mode: 0o644 });
    await mounted.unmount();
    expect(await stat(mounted.inStore("secret"))).toMatchObject({ uid: alice.uid, gid: alice.gid });
    expect(await stat(mounted.inStore("room"))).toMatchObject({ uid: alice.uid, mode: 0o40750 });
    expect(await stat(mounted.inStore("bobs"))).toMatchObject({ uid: bob.uid, gid: bob.gid });
  });

  it("[G15] have the rights of their supplementary groups, and no others", async () => {
    const { mounted, as } = await place("groups");
    await using _mounted = mounted;
    await mkdir(mounted.inStore("shared"));
    await chown(mounted.inStore("shared"), 0, 1200);
    await chmod(mounted.inStore("shared"), 0o2770);
    await using bobs = await as(bob);
    await using carols = await as(carol);
    expect(await bobs.try("list", "shared")).toBe("EACCES");
    expect(await carols.do<string[]>("list", "shared")).toEqual([]);
    await carols.do("writeFile", "shared/hers", "carol's", 0o660);
    expect(await bobs.try("readFile", "shared/hers")).toBe("EACCES");
    await mounted.unmount();
    expect(await stat(mounted.inStore("shared", "hers"))).toMatchObject({ uid: carol.uid, gid: 1200 });
  });

  it("[G15] write a file that they made read-only through the handle that made it", async () => {
    const { mounted, as } = await place("read-only");
    await using _mounted = mounted;
    await using alices = await as(alice);
    const file = await alices.do("open", "fixed", "w", 0o444);
    await alices.do("write", file, "written once", 0);
    await alices.do("fsync", file);
    expect(await alices.try("open", "fixed", "r+")).toBe("EACCES");
    await alices.do("write", file, "WRITTEN", 0);
    await alices.do("close", file);
    await mounted.unmount();
    expect(await readFile(mounted.inStore("fixed"), "utf8")).toBe("WRITTEN once");
  });

  it("[G6] each get their own bytes of one page to the store", async () => {
    const { mounted, as } = await place("one-page");
    await using _mounted = mounted;
    await using alices = await as(alice);
    await using bobs = await as(bob);
    const first = await alices.do("open", "page", "w+", 0o666);
    await alices.do("chmod", "page", 0o666);
    const second = await bobs.do("open", "page", "r+");
    await alices.do("write", first, "alice ", 0);
    await bobs.do("write", second, "bob ", 6);
    await alices.do("write", first, "alice again", 10);
    expect(await bobs.do<string>("read", second, 100, 0)).toBe("alice bob alice again");
    await bobs.do("fsync", second);
    expect(await readFile(mounted.inStore("page"), "utf8")).toBe("alice bob alice again");
    await alices.do("close", first);
    await bobs.do("close", second);
    await mounted.unmount();
    expect(await readFile(mounted.inStore("page"), "utf8")).toBe("alice bob alice again");
  });

  it("[G14] are no longer shown what is cached once the store has taken their right away", async () => {
    const { mounted, as } = await place("grants");
    await using _mounted = mounted;
    await using alices = await as(alice);
    await using bobs = await as(bob);
    await alices.do("writeFile", "letter", "for now", 0o644);
    expect(await bobs.do<string>("readFile", "letter")).toBe("for now");
    await chmod(mounted.inStore("letter"), 0o600);
    await until("bob is refused", async () => (await bobs.try("readFile", "letter")) === "EACCES", 5000);
    expect(await alices.do<string>("readFile", "letter")).toBe("for now");
    await mounted.unmount();
  });

  it("[G9] [G15] hear from fsync that the right to write went away, and write again when it comes back", async () => {
    const { mounted, as } = await place("revoked");
    await using _mounted = mounted;
    await using alices = await as(alice);
    const file = await alices.do("open", "draft", "w+", 0o644);
    await alices.do("write", file, "first ", 0);
    await alices.do("fsync", file);
    await chown(mounted.inStore("draft"), bob.uid, bob.gid);
    await chmod(mounted.inStore("draft"), 0o600);
    await alices.do("write", file, "second", 6);
    expect(await alices.try("fsync", file)).toBe("EACCES");
    expect(await readFile(mounted.inStore("draft"), "utf8")).toBe("first ");
    await chown(mounted.inStore("draft"), alice.uid, alice.gid);
    await chmod(mounted.inStore("draft"), 0o644);
    await alices.do("write", file, "third", 6);
    await alices.do("fsync", file);
    await alices.do("close", file);
    expect(await readFile(mounted.inStore("draft"), "utf8")).toBe("first third");
    await runHoldfast(["unmount", mounted.point]);
  });
});
