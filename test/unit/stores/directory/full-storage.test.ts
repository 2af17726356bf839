/** A write that found no room leaves the file as it was, also in the eyes of who expects a version. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { codeOf, isRoot, scratchStore, self } from "./scratch-store.ts";

const failuresMax = 100;

it.skipIf(!isRoot)(
  "takes a write at its version after any number of failures (needs root for a small file system)",
  async () => {
    const { store, root, inside } = await scratchStore();
    const path = join(inside, "full");
    mkdirSync(path);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", path]);
    try {
      writeFileSync(join(path, "f"), "as it was");
      writeFileSync(join(path, "ballast"), Buffer.alloc(60 * 1024));
      const { node: full } = await store.lookup(root, "full", self);
      const { node, attributes } = await store.lookup(full, "f", self);
      const stamps = new Set<string>();
      for (let failure = 0; failure < failuresMax; failure++) {
        expect(await codeOf(store.write(node, 8192, [Buffer.alloc(4096)], attributes.version, self))).toBe("ENOSPC");
        stamps.add((await store.getAttributes(node, self)).version);
      }
      // The failures have to leave stamps, or this proves nothing.
      expect(stamps.size).toBeGreaterThan(1);
      unlinkSync(join(path, "ballast"));
      const written = await store.write(node, 0, [Buffer.from("at last")], attributes.version, self);
      expect(written.byteCount).toBe(7);
      expect(readFileSync(join(path, "f"), "utf8")).toBe("at lastas");
    } finally {
      await store.close();
      execFileSync("umount", ["--lazy", path]);
    }
  },
);
