/**
 * How much a rescue directory holds, whoever put it there: entries, drafts and what is being discarded, each with its
 * bytes and its manifest. Entries never grow, so each is looked at once; drafts are looked at each time.
 */
import { readdir, stat } from "node:fs/promises";
import type { ByteCount } from "../base/index.ts";
import type { RescueId } from "../port/index.ts";
import { isEntryId } from "./entry-id.ts";
import { codeOf, filesOf, passingId } from "./layout.ts";

export interface Holdings {
  readonly entryCount: number;
  readonly byteCount: ByteCount;
}

export class Inventory {
  readonly #directory: string;
  #known = new Map<RescueId, ByteCount>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async measure(): Promise<Holdings> {
    const known = new Map<RescueId, ByteCount>();
    const passing = new Map<RescueId, ByteCount>();
    for (const name of await readdir(this.#directory)) {
      if (isEntryId(name)) {
        known.set(name, this.#known.get(name) ?? (await this.#sizeOf(name)));
        continue;
      }
      const id = passingId(name);
      if (id !== undefined) passing.set(id, (await this.#sizeOf(name)) || (await this.#sizeOf(id)));
    }
    // A draft that became an entry in this very moment is one thing, not two.
    for (const id of known.keys()) passing.delete(id);
    this.#known = known;
    const sizes = [...known.values(), ...passing.values()];
    return { entryCount: sizes.length, byteCount: sizes.reduce((sum, bytes) => sum + bytes, 0) };
  }

  async #sizeOf(name: string): Promise<ByteCount> {
    const { bytes, manifest } = filesOf(this.#directory, name);
    return (await fileSize(bytes)) + (await fileSize(manifest));
  }
}

async function fileSize(path: string): Promise<ByteCount> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT" || codeOf(thrown) === "ENOTDIR") return 0;
    throw thrown;
  }
}
