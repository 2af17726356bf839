/** Volumes over stores of different kinds at work in one process at once. */
import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openVolume, type Volume } from "../../../src/files/index.ts";
import { posixCredential, type Store } from "../../../src/port/index.ts";
import { directoryStore } from "../../../src/stores/directory/index.ts";
import { contentAt, memoryVolume } from "../../kit/memory-volume.ts";

const credential = posixCredential(process.getuid?.() ?? -1, process.getgid?.() ?? -1);

/** Reads a store in the same turn, or with a wait each time: two ways of input. */
function waiting(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name, target) as unknown;
      if (name === "tryRead") return undefined;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

async function copy(from: Volume, to: Volume, name: string): Promise<void> {
  await using source = await from.open(name, "r", { credential });
  await using target = await to.open(name, "w", { credential });
  const piece = new Uint8Array(3000);
  for (;;) {
    const { bytesRead } = await source.read(piece, 0, piece.length, null);
    if (bytesRead === 0) return;
    await target.write(piece, 0, bytesRead, null);
  }
}

it("[S1.12] files go round between a memory store and a directory store with two ways of reading", async () => {
  const directory = await mkdtemp(join(await realpath(tmpdir()), "holdfast-several-"));
  await using inMemory = await memoryVolume();
  const atOnce = await openVolume(directoryStore(directory), { pageSize: 4096, budgetBytes: 32 * 4096 });
  const withWaits = await openVolume(waiting(directoryStore(directory)), { pageSize: 4096, budgetBytes: 32 * 4096 });
  try {
    const content = Array.from({ length: 5_000 }, (_, line) => `line ${line}\n`).join("");
    await atOnce.promises.writeFile("/a", content);
    await inMemory.volume.promises.writeFile("/b", content);
    await Promise.all([copy(atOnce, inMemory.volume, "/a"), copy(inMemory.volume, withWaits, "/b")]);
    expect(await readFile(join(directory, "b"), "utf8")).toBe(content);
    expect(await contentAt(inMemory.other, "/a")).toBe(content);
    expect(await withWaits.promises.readFile("/a", "utf8")).toBe(content);
  } finally {
    await Promise.all([atOnce.close(), withWaits.close()]);
    await rm(directory, { recursive: true });
  }
});
