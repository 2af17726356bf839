/** A file that is held and loses its last name: through the store, and by somebody else. */
import { mkdtempSync, realpathSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openVolume } from "../../../../src/files/index.ts";
import { directoryStore } from "../../../../src/stores/directory/index.ts";
import { RescueInMemory } from "../../../kit/rescue-in-memory.ts";
import { codeOf, readText, scratchStore, self } from "./scratch-store.ts";

const both = { read: true, write: true, execute: false };
const text = (bytes: string): Uint8Array => new TextEncoder().encode(bytes);

describe("a held file", () => {
  it.each([
    ["deleted", (path: string) => unlinkSync(path)],
    [
      "replaced",
      (path: string) => {
        writeFileSync(`${path}.new`, "new");
        renameSync(`${path}.new`, path);
      },
    ],
  ])("[S0.14] that somebody else %s is read, and takes no more bytes", async (_, destroy) => {
    const { store, inside, root } = await scratchStore();
    const { node } = await store.createFile(root, "file", 0o600, self);
    await store.hold(node, both, self);
    await store.write(node, 0, [text("old")], undefined, self);
    destroy(join(inside, "file"));
    expect(await readText(store, node)).toBe("old");
    expect(await codeOf(store.write(node, 0, [text("lost")], undefined, self))).toBe("ESTALE");
    await store.release(node, both, self);
  });

  it("[G25] that was removed through the store is written as before", async () => {
    const { store, root } = await scratchStore();
    const { node } = await store.createFile(root, "file", 0o600, self);
    await store.hold(node, both, self);
    await store.remove(root, "file", self);
    await store.write(node, 0, [text("still")], undefined, self);
    expect(await readText(store, node)).toBe("still");
    await store.release(node, both, self);
  });
});

it("[S0.14] [S5.1] what a volume had unsent of a file that somebody else deleted is told and rescued", async () => {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "holdfast-deleted-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const rescue = new RescueInMemory();
  const volume = await openVolume(directoryStore(directory), { credential: self.credential, rescue });
  const file = await volume.open("/file", "w+");
  await file.writeFile("first");
  await file.sync();
  await file.write("again", 0);
  unlinkSync(join(directory, "file"));
  await expect(file.sync()).rejects.toMatchObject({ code: "ESTALE", refusalClass: "gone", outcome: "excised" });
  expect(rescue.entries.map(({ bytes }) => new TextDecoder().decode(bytes[0]))).toEqual(["again"]);
  // Not even when somebody looks at what is left of it.
  for (const look of [() => file.stat(), () => file.stat(), () => file.readFile()]) {
    await expect(file.write("more", 0)).rejects.toMatchObject({ code: "ESTALE" });
    await look();
  }
  expect(volume.snapshot().dirtyFiles).toEqual([]);
  await file.close();
  await volume.close();
});
