/**
 * Copies beside files whose bytes met a conflict (S5.4), as the server has them. The model follows no copy: nothing else is
 * known of it than what it was made for. It must have the refused bytes, belong to whoever wrote them, and last.
 */
import type { RefusedBytes } from "../../src/port/index.ts";
import type { World } from "./world.ts";

/** The names of copies; programs give no such names. */
const copyName = / \(conflict \d{4}-\d\d-\d\d uid \d+( \d+)?\)$/;

interface KeptCopy {
  readonly name: string;
  readonly uid: number;
  readonly ranges: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

export class ConflictCopies {
  readonly #world: World;
  readonly #nodes: Set<string> = new Set();
  /** Those that bytes were told to be in. */
  readonly #kept: KeptCopy[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  has(node: string): boolean {
    return this.#nodes.has(node);
  }

  /** Whether a file that was made just now is a copy. */
  made(node: string, name: string): boolean {
    if (!copyName.test(name)) return false;
    this.#nodes.add(node);
    this.#world.timeline.add("store", `${name} is made`);
    return true;
  }

  /** A copy is said to be finished. */
  keep(path: string, refused: RefusedBytes): void {
    const ranges = refused.ranges.map(({ offset, frames }) => ({ offset, bytes: Buffer.concat(frames) }));
    const copy = { name: path.slice(path.lastIndexOf("/") + 1), uid: refused.credential.uid, ranges };
    this.#kept.push(copy);
    this.#world.require(this.#complaintOf(copy));
  }

  /** Nobody but the volume knows of the copies: they are as they were made, also after the server lost its power. */
  check(): void {
    for (const copy of this.#kept) this.#world.require(this.#complaintOf(copy));
  }

  #complaintOf({ name, uid, ranges }: KeptCopy): string | undefined {
    const node = this.#world.server.root.entries?.get(name);
    if (node?.content === undefined) return `the copy ${name} is not there (S5.4)`;
    if (node.uid !== uid) return `the copy ${name} belongs to ${node.uid} instead of ${uid} (S5.4)`;
    for (const { offset, bytes } of ranges) {
      const found = Buffer.alloc(bytes.length);
      node.content.bytes.read(offset, [found]);
      if (Buffer.compare(found, bytes) !== 0)
        return `the copy ${name} does not have the refused bytes at ${offset} (S5.4)`;
    }
    return undefined;
  }
}
