/** A directory entry, and an open directory, in the shapes of node:fs' Dirent and Dir. */
import type { NodeKind } from "../../port/index.ts";
import { KindQuestions } from "./stats.ts";

export class Dirent extends KindQuestions {
  readonly name: string;
  /** The directory that was listed. */
  readonly parentPath: string;
  /** The same, by its older name. */
  readonly path: string;

  constructor(name: string, parentPath: string, kind: NodeKind) {
    super(kind);
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
  }
}

/** The entries of a directory as they were when it was opened. */
export class Dir implements AsyncIterable<Dirent> {
  readonly path: string;
  readonly #entries: Iterator<Dirent>;

  constructor(path: string, entries: readonly Dirent[]) {
    this.path = path;
    this.#entries = entries[Symbol.iterator]();
  }

  /** The next entry; null after the last. */
  async read(): Promise<Dirent | null> {
    const next = this.#entries.next();
    return next.done === true ? null : next.value;
  }

  async close(): Promise<void> {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Dirent, void, undefined> {
    for (let entry = await this.read(); entry !== null; entry = await this.read()) yield entry;
  }
}
