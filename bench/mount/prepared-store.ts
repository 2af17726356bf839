/** The directory that the mounts serve: large files, many small ones, and a repository beside it to clone from. */
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run-program.ts";
import { fileBytes, otherBytes } from "./transfers.ts";

export interface PreparedStore {
  /** What is mounted: `file`, `unseen`, `other`, and `files` with names 0, 1, 2 and so on. */
  readonly directory: string;
  readonly smallFileCount: number;
  /** A repository with a working tree of its own, outside the store. */
  readonly repository: string;
  remove(): Promise<void>;
}

const repositoryFileCount = 1_000;

export async function prepareStore(smallFileCount: number): Promise<PreparedStore> {
  const top = await mkdtemp(join(tmpdir(), "bench-store-"));
  const directory = join(top, "store");
  const repository = join(top, "repository");
  await mkdir(join(directory, "files"), { recursive: true });
  await writeLarge(join(directory, "file"), fileBytes);
  await writeLarge(join(directory, "unseen"), fileBytes);
  await writeLarge(join(directory, "other"), otherBytes);
  for (let at = 0; at < smallFileCount; at++) await writeFile(join(directory, "files", String(at)), `${at}\n`);
  await makeRepository(repository);
  return { directory, smallFileCount, repository, remove: () => rm(top, { recursive: true, force: true }) };
}

async function writeLarge(path: string, byteCount: number): Promise<void> {
  const piece = Buffer.alloc(1024 * 1024);
  await using file = await open(path, "w");
  for (let at = 0; at < byteCount; at += piece.length) {
    piece.fill(at / piece.length);
    await file.write(piece);
  }
  await file.sync();
}

/** Text that compresses as source code does, the same in every run. */
async function makeRepository(repository: string): Promise<void> {
  let state = 1;
  const word = (): string => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return `w${(state >>> 20).toString(36)}`;
  };
  for (let at = 0; at < repositoryFileCount; at++) {
    const directory = join(repository, `d${at % 40}`);
    await mkdir(directory, { recursive: true });
    const lines = Array.from({ length: 20 + (at % 200) }, () => Array.from({ length: 8 }, word).join(" "));
    await writeFile(join(directory, `f${at}.txt`), lines.join("\n"));
  }
  const git = (...words: string[]): Promise<string> =>
    run(["git", "-c", "user.name=bench", "-c", "user.email=bench@example.com", "-C", repository, ...words]);
  await git("init", "-q");
  await git("add", ".");
  await git("commit", "-q", "-m", "files");
}
