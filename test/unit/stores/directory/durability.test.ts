/** What a commit has made durable when it answers: the names that lead to the node, too. */
import fs, { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { directoryStore } from "../../../../src/stores/directory/index.ts";
import { self } from "./scratch-store.ts";

/** Holds the system's synchronization of one directory until it is let go. */
class SlowSync {
  readonly #inode: bigint;
  readonly #asked: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(path: string) {
    const { fsync } = fs;
    this.#inode = fs.statSync(path, { bigint: true }).ino;
    fs.fsync = ((fd: number, done: (error: NodeJS.ErrnoException | null) => void): void => {
      const isSlow = fs.fstatSync(fd, { bigint: true }).ino === this.#inode;
      if (isSlow) this.#waiting.push(() => fsync(fd, done));
      else fsync(fd, done);
      if (isSlow) for (const tell of this.#asked.splice(0)) tell();
    }) as typeof fs.fsync;
    syncBuiltinESMExports();
    onTestFinished(() => {
      fs.fsync = fsync;
      syncBuiltinESMExports();
    });
  }

  /** Resolves when it is asked for the next time. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#asked.push(resolve));
  }

  letGo(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

describe("a commit", () => {
  it("[G12] of a file in a new directory is not answered before that directory's own name is durable", async () => {
    const path = mkdtempSync(join(realpathSync(tmpdir()), "holdfast-durability-"));
    const store = directoryStore(path);
    onTestFinished(async () => {
      await store.close();
      rmSync(path, { recursive: true });
    });
    const root = (await store.root(self)).node;
    const directory = (await store.makeDirectory(root, "new", 0o755, self)).node;
    const one = (await store.createFile(directory, "one", 0o644, self)).node;
    const other = (await store.createFile(directory, "other", 0o644, self)).node;
    const slow = new SlowSync(path);

    const asked = slow.next();
    const commits = [store.commit(one, self)];
    await asked;
    for (const node of [other, one]) {
      const askedAgain = slow.next().then(() => "waits for the name");
      const commit = store.commit(node, self);
      expect(await Promise.race([commit.then(() => "answered"), askedAgain])).toBe("waits for the name");
      commits.push(commit);
    }
    slow.letGo();
    await Promise.all(commits);
    // Now all is durable, and nothing is waited for any more.
    await store.commit(one, self);
  });
});
