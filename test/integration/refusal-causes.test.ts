/**
 * The whole story of a refusal, for each of five causes: a writer is answered, another client of the server takes away what
 * the write needs, fsync tells the true error, everybody sees the store's bytes again, and the refused ones come back from
 * rescue. Through the kernel, with real users and real file systems.
 */
import { chmod, chown, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../kit/mounted-store.ts";
import { alice, bob, carol, type ListedEntry, RefusalMount } from "../kit/refusal-mount.ts";
import { lacksFileSystem, mountSmallDisk } from "../kit/small-disk.ts";
import { until } from "../kit/until.ts";
import type { Status, Worker } from "../kit/worker.ts";

const isRoot = process.getuid?.() === 0;
const mebibyte = 1024 * 1024;
const before = "s".repeat(128 * 1024);
const alices = "A".repeat(mebibyte);
const bobs = "B".repeat(100);

interface Cause {
  readonly by: string;
  readonly code: string;
  readonly refusalClass: string;
  /** Why it cannot be tried here. */
  readonly lacks: string | undefined;
  /** What another client of the server does, to the file's path in the store, and how that is undone. */
  take(path: string): Promise<unknown>;
  giveBack(path: string): Promise<unknown>;
  /** Everybody's bytes are refused, not only those that make the file longer. */
  readonly concernsAll?: boolean;
  readonly flags?: readonly string[];
  /** Makes the file system of the store. */
  prepare?(store: string): Promise<unknown>;
  /** The directory of the file in the store. */
  readonly directory?: string;
}

const needsRoot = isRoot ? undefined : "needs root to become several users";
const withoutRoom = { refusalClass: "space", flags: ["--refusal", "space=excise"] } as const;
const permission = { code: "EACCES", refusalClass: "permission", lacks: needsRoot } as const;

const causes: readonly Cause[] = [
  { by: "chmod", ...permission, take: (path) => chmod(path, 0o466), giveBack: (path) => chmod(path, 0o666) },
  {
    by: "chown",
    ...permission,
    take: async (path) => {
      await chown(path, carol.uid, alice.gid);
      await chmod(path, 0o646);
    },
    giveBack: (path) => chown(path, alice.uid, alice.gid),
  },
  {
    by: "chattr +i",
    ...permission,
    code: "EPERM",
    concernsAll: true,
    take: (path) => run("chattr", ["+i", path]),
    giveBack: (path) => run("chattr", ["-i", path]),
  },
  {
    by: "filling the disk, an ext4",
    code: "ENOSPC",
    ...withoutRoom,
    lacks: await lacksFileSystem("ext4"),
    prepare: (store) => mountSmallDisk("ext4", `${store}.image`, store),
    take: (path) => run("sh", ["-c", "cat /dev/zero > ballast; sync"], { directory: dirname(path) }).catch(() => ""),
    giveBack: (path) => rm(join(dirname(path), "ballast")),
  },
  {
    by: "a quota, of btrfs",
    code: "EDQUOT",
    ...withoutRoom,
    lacks: await lacksFileSystem("btrfs"),
    directory: "home",
    prepare: async (store) => {
      await mountSmallDisk("btrfs", `${store}.image`, store);
      await run("btrfs", ["quota", "enable", store]);
      await run("btrfs", ["subvolume", "create", join(store, "home")]);
      await chmod(join(store, "home"), 0o1777);
    },
    take: (path) => run("btrfs", ["qgroup", "limit", "512K", dirname(path)]),
    giveBack: (path) => run("btrfs", ["qgroup", "limit", "none", dirname(path)]),
  },
];

type Opened = readonly [Worker, number];

interface SharedFile {
  readonly place: RefusalMount;
  /** In the mount, and in the store. */
  readonly name: string;
  readonly path: string;
  /** Alice's worker and file, bob's, and carol's, who only reads, and her mapping of the file. */
  readonly opened: readonly [Opened, Opened, Opened];
  readonly mapping: number;
}

/** Alice and bob have unsent bytes in one file, hers beyond its end; carol has read and mapped them. */
async function sharedFile({ directory = "", flags = [], prepare }: Cause): Promise<SharedFile> {
  const place = await RefusalMount.start("cause", flags, async (store) => void (await prepare?.(store)));
  const name = join(directory, "shared");
  const path = place.mounted.inStore(name);
  await writeFile(path, before);
  await chown(path, alice.uid, alice.gid);
  await chmod(path, 0o666);
  const [ofAlice, ofBob, ofCarol] = [await place.as(alice), await place.as(bob), await place.as(carol)];
  const file = await ofAlice.do("open", name, "r+");
  const second = await ofBob.do("open", name, "r+");
  const seen = await ofCarol.do("open", name, "r");
  expect(await ofAlice.do("write", file, alices, before.length)).toBe(mebibyte);
  await ofBob.do("write", second, bobs, 0);
  const mapping = await ofCarol.do("map", seen, before.length + mebibyte, 1);
  expect(await ofCarol.do<string>("load", mapping + before.length, 5)).toBe("AAAAA");
  expect(await ofCarol.do<string>("read", seen, 10, before.length + 1000)).toBe("AAAAAAAAAA");
  const opened = [
    [ofAlice, file],
    [ofBob, second],
    [ofCarol, seen],
  ] as const;
  return { place, name, path, opened, mapping };
}

/** Within a second everybody sees the size and the bytes that the store has, through a mapping too. */
async function expectServersView({ opened, mapping, path }: SharedFile, start: string): Promise<void> {
  const stored = await readFile(path, "utf8");
  const [, , [ofCarol]] = opened;
  const seesIt = async ([worker, file]: Opened): Promise<boolean> =>
    (await worker.do<Status>("stat", file)).size === stored.length &&
    (await worker.do<string>("read", file, 2 * mebibyte, 1000)) === stored.slice(1000) &&
    (await worker.do<string>("read", file, start.length, 0)) === start;
  await until(
    "every reader sees the store's bytes and size",
    async () =>
      (await Promise.all(opened.map(seesIt))).every(Boolean) &&
      (await ofCarol.do<string>("load", mapping, start.length)) === start,
    1000,
  );
}

/** The entry has exactly what the store did not take of alice's bytes, and says whose they are and why they are here. */
async function expectEntry(
  { place, name }: SharedFile,
  entry: ListedEntry,
  cause: Cause,
  taken: number,
): Promise<void> {
  const refused = alices.slice(taken);
  expect(entry.manifest).toMatchObject({
    path: `/${name}`,
    ranges: [{ offset: before.length + taken, byteCount: refused.length }],
    credential: { uid: alice.uid, gid: alice.gid },
    refusal: { class: cause.refusalClass, code: cause.code },
    fileSize: before.length + mebibyte,
  });
  expect((await place.textOf(entry.id)) === refused).toBe(true);
  const [told] = (await place.refusals()).filter(({ uid }) => uid === alice.uid);
  expect(told).toMatchObject({
    path: `/${name}`,
    code: cause.code,
    class: cause.refusalClass,
    outcome: "excised",
    rescueId: entry.id,
    byteCount: refused.length,
    sizeBefore: before.length + mebibyte,
    sizeAfter: before.length + taken,
    mayHaveBeenRead: true,
  });
}

/** The log has one line of alice's lost bytes, with all that finds the file, and the entry, again. */
function expectLogged({ place, name }: SharedFile, id: string, cause: Cause, inode: number, log: string): void {
  const lines = log.split("\n").filter((line) => line.includes("could not be written back") && line.includes(id));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/ kind=file mode=0\d{3} inode=\d+ store=dir:\S+ bytes=\d+-1179648 /);
  expect(lines[0]).toContain(` path=/${name} `);
  expect(lines[0]).toContain(` inode=${inode} store=dir:${place.mounted.store} `);
  expect(lines[0]).toContain(` code=${cause.code} class=${cause.refusalClass} outcome=excised rescue=${id} `);
}

/** Restores the entries, alice's first; once others were written over the file it takes a person's word to go on. */
async function expectRestored({ place, path }: SharedFile, ids: readonly string[], expected: string): Promise<void> {
  const [first = "", ...others] = ids;
  expect(await place.rescued("restore", first)).toMatchObject({ status: 0, stderr: "" });
  for (const id of others) expect(await place.rescued("restore", id, "--overwrite")).toMatchObject({ status: 0 });
  expect((await readFile(path, "utf8")) === expected).toBe(true);
}

describe("what another client of the server takes away", () => {
  for (const cause of causes) {
    const { by, code, concernsAll = false, lacks } = cause;
    it.skipIf(lacks !== undefined)(
      `[S0.7] [S0.8] [S0.10] [S0.11] [S0.12] [S3.14] [S5.1] [S5.3] [S5.5] [S5.6] [S5.8] [S5.15] [G2] [G9] [G27] by ${by}: the writer hears ${code}, all see the store's bytes, others' bytes survive, and the writer's come back from rescue (needs several users, and a file system of its own: ${lacks ?? "there"})`,
      async () => {
        const shared = await sharedFile(cause);
        await using place = shared.place;
        const [[ofAlice, file], [ofBob, second], [ofCarol, seen]] = shared.opened;
        const survives = concernsAll ? before.slice(0, 101) : `${bobs}s`;
        await cause.take(shared.path);
        try {
          expect(await ofAlice.try("fsync", file)).toBe(code);
          await expectServersView(shared, survives);
          expect(await ofAlice.try("fsync", file)).toBe("ok");
          expect(await ofBob.try("fsync", second)).toBe(code);
          expect(await ofBob.try("fsync", second)).toBe("ok");
          expect(await ofBob.try("close", second)).toBe("ok");
        } finally {
          if (concernsAll) await cause.giveBack(shared.path);
        }
        const stored = await readFile(shared.path, "utf8");
        const taken = stored.length - before.length;
        const start = concernsAll ? before : bobs + before.slice(bobs.length);
        expect(stored === start + alices.slice(0, taken)).toBe(true);

        const entries = await place.entries();
        const [hers, ...others] = entries.toSorted(
          (one, other) => one.manifest.credential.uid - other.manifest.credential.uid,
        );
        if (hers === undefined) throw new Error("nothing was rescued");
        expect(others.map(({ manifest }) => manifest.credential.uid)).toEqual(concernsAll ? [bob.uid] : []);
        await expectEntry(shared, hers, cause, taken);
        if (!concernsAll) {
          const again = await place.rescued("restore", hers.id);
          expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining(code) });
          await cause.giveBack(shared.path);
        }
        const ids = [hers.id, ...others.map(({ id }) => id)];
        await expectRestored(shared, ids, bobs + before.slice(bobs.length) + alices);
        await until("the mount shows what was restored", async () => {
          return (await ofCarol.do<string>("read", seen, 5, before.length + mebibyte - 5)) === "AAAAA";
        });
        const { ino } = await stat(shared.path);
        expect((await place.refusals()).map(({ fate }) => fate)).toEqual(ids.map(() => "restored"));
        const { asked, ended } = await place.unmount();
        const told = `restored since; ${hers.id} in rescue is a copy`;
        expect(asked).toMatchObject({ status: 0, stdout: expect.stringContaining(told), stderr: "" });
        expect(ended.status).toBe(0);
        expectLogged(shared, hers.id, cause, ino, ended.stderr);
      },
    );
  }
});
