/**
 * A program written for node:fs/promises, isomorphic-git, runs unchanged on a volume: it clones from a real git server,
 * commits, logs and checks out; then git itself looks at what arrived in the store.
 */
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import git from "isomorphic-git";
import http from "isomorphic-git/http/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openVolume, type Volume } from "../../src/files/index.ts";
import type { Store } from "../../src/port/index.ts";
import { directoryStore } from "../../src/stores/directory/index.ts";
import { MemoryServer, memoryStore } from "../../src/stores/memory/index.ts";
import { type GitServer, startGitServer } from "../kit/git-http-server.ts";
import { scratchDirectory } from "../kit/scratch.ts";

const run = promisify(execFile);
const author = { name: "Ada", email: "ada@example.org" };
const fileCount = 40;
const bigBytes = 700_000;

let scratch: string;
let server: GitServer;

/** A repository with two branches, a few dozen files in directories, a large one, an executable and a symbolic link. */
async function makeRepository(root: string): Promise<void> {
  const work = join(root, "work");
  await mkdir(join(work, "deep/er"), { recursive: true });
  const inWork = (...args: string[]) =>
    run("git", ["-C", work, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...args]);
  await run("git", ["init", "-q", "-b", "main", work]);
  for (let file = 0; file < fileCount; file++) await writeFile(join(work, `deep/er/file-${file}`), `content ${file}\n`);
  await writeFile(join(work, "big"), Buffer.alloc(bigBytes, "0123456789abcdef\n"));
  await writeFile(join(work, "tool.sh"), "#!/bin/sh\necho tool\n", { mode: 0o755 });
  await run("ln", ["-s", "deep/er/file-0", join(work, "link")]);
  await inWork("add", "-A");
  await inWork("commit", "-q", "-m", "first");
  await inWork("checkout", "-q", "-b", "side");
  await writeFile(join(work, "only-on-side"), "side\n");
  await inWork("add", "-A");
  await inWork("commit", "-q", "-m", "on the side");
  await inWork("checkout", "-q", "main");
  await run("git", ["clone", "-q", "--bare", work, join(root, "served.git")]);
}

beforeAll(async () => {
  scratch = await scratchDirectory("isomorphic-git");
  await makeRepository(scratch);
  server = await startGitServer(scratch);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

interface Place {
  readonly name: string;
  open(): Promise<{ store: Store; again: () => Store; directory: string | undefined }>;
}

const places: readonly Place[] = [
  {
    name: "memory",
    async open() {
      const files = new MemoryServer();
      return { store: memoryStore(files), again: () => memoryStore(files), directory: undefined };
    },
  },
  {
    name: "directory",
    async open() {
      const directory = await scratchDirectory("git-store");
      return { store: directoryStore(directory), again: () => directoryStore(directory), directory };
    },
  },
];

describe.each(places)("isomorphic-git on a volume over a $name store", (place) => {
  it("clones, commits, logs and checks out, and git finds the same in the store", async () => {
    const { store, again, directory } = await place.open();
    const volume = await openVolume(store);
    const fs = { promises: volume.promises };
    const at = { fs, dir: "/repository" };

    await git.clone({ ...at, http, url: `${server.url}/served.git`, ref: "main", singleBranch: false });
    expect((await git.log(at)).map(({ commit }) => commit.message)).toEqual(["first\n"]);
    expect(await changedFiles(volume)).toEqual([]);
    expect(await volume.promises.readFile("/repository/link", "utf8")).toBe("content 0\n");
    expect(await volume.promises.readlink("/repository/link")).toBe("deep/er/file-0");
    expect((await volume.promises.stat("/repository/tool.sh")).mode & 0o111).not.toBe(0);
    expect((await volume.promises.readFile("/repository/big")).length).toBe(bigBytes);

    await volume.promises.writeFile("/repository/deep/new.txt", "new\n");
    await volume.promises.unlink("/repository/deep/er/file-1");
    expect(await changedFiles(volume)).toEqual(["deep/er/file-1", "deep/new.txt"]);
    await git.add({ ...at, filepath: "deep/new.txt" });
    await git.remove({ ...at, filepath: "deep/er/file-1" });
    const commit = await git.commit({ ...at, message: "second", author });
    expect((await git.log(at)).map((entry) => entry.oid)[0]).toBe(commit);
    expect(await changedFiles(volume)).toEqual([]);

    await git.checkout({ ...at, ref: "side" });
    expect(await volume.promises.readFile("/repository/only-on-side", "utf8")).toBe("side\n");
    await expect(volume.promises.stat("/repository/deep/new.txt")).rejects.toMatchObject({ code: "ENOENT" });
    await git.checkout({ ...at, ref: "main" });
    expect(await volume.promises.readFile("/repository/deep/new.txt", "utf8")).toBe("new\n");
    expect(await changedFiles(volume)).toEqual([]);

    await volume.close();
    expect(volume.snapshot()).toMatchObject({ openFiles: [], dirtyFiles: [], cache: { dirtyBytes: 0, openSpaces: 0 } });

    const reopened = await openVolume(again());
    const later = await git.log({ fs: { promises: reopened.promises }, dir: "/repository" });
    expect(later.map((entry) => entry.commit.message)).toEqual(["second\n", "first\n"]);
    await reopened.close();
    if (directory !== undefined) await judgeWithGit(join(directory, "repository"), commit);
  });
});

/** The files whose state in the working directory, the index and the head differ. */
async function changedFiles(volume: Volume): Promise<string[]> {
  const rows = await git.statusMatrix({ fs: { promises: volume.promises }, dir: "/repository" });
  return rows.filter(([, head, work, stage]) => head !== 1 || work !== 1 || stage !== 1).map(([path]) => path);
}

/** What git itself says of the repository in the store. */
async function judgeWithGit(repository: string, commit: string): Promise<void> {
  const inRepository = (...args: string[]) =>
    run("git", ["-c", "safe.directory=*", "-C", repository, ...args]).then(({ stdout }) => stdout);
  await inRepository("fsck", "--full", "--strict");
  expect((await inRepository("rev-parse", "HEAD")).trim()).toBe(commit);
  expect(await inRepository("status", "--porcelain")).toBe("");
  expect(await readFile(join(repository, "deep/new.txt"), "utf8")).toBe("new\n");
}
