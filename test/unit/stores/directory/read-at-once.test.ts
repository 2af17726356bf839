/** What a directory store answers without waiting: what the kernel has in memory, and nothing that `read` would refuse. */
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { posixCredential } from "../../../../src/port/index.ts";
import { codeOf, scratchStore, self } from "./scratch-store.ts";

it("answers at once what a read answers, and leaves refusals to the read", async () => {
  const { store, root, inside } = await scratchStore();
  const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, at) => at % 251));
  writeFileSync(join(inside, "f"), bytes, { mode: 0o600 });
  const { node } = await store.lookup(root, "f", self);
  for (const [offset, sizes] of [
    [0, [4096, 4096]],
    [8192, [4096, 4096]],
    [20_000, [100]],
  ] as const) {
    const now = sizes.map((size) => Buffer.alloc(size));
    const later = sizes.map((size) => Buffer.alloc(size));
    const expected = await store.read(node, offset, later, self);
    const answer = store.tryRead?.(node, offset, now, self.credential);
    // A file system that cannot say what it has in memory answers nothing at once.
    if (answer === undefined) continue;
    expect(answer).toEqual(expected);
    expect(Buffer.concat(now)).toEqual(Buffer.concat(later));
  }
  const stranger = { ...self, credential: posixCredential(54_321, 54_321) };
  expect(store.tryRead?.(node, 0, [Buffer.alloc(10)], stranger.credential)).toBeUndefined();
  expect(await codeOf(store.read(node, 0, [Buffer.alloc(10)], stranger))).toBe("EACCES");
  await store.close();
});

it("sees each change of a file that is read again and again", async () => {
  const { store, root, inside } = await scratchStore();
  const path = join(inside, "f");
  writeFileSync(path, "first", { mode: 0o600 });
  const { node } = await store.lookup(root, "f", self);
  const target = [Buffer.alloc(10)];
  const first = await store.read(node, 0, target, self);
  expect(await store.read(node, 0, target, self)).toEqual(first);
  writeFileSync(path, "longer!");
  const second = await store.read(node, 0, target, self);
  expect(second.byteCount).toBe(7);
  expect(second.version).not.toBe(first.version);
  expect(second.version).toBe((await store.getAttributes(node, self)).version);
  utimesSync(path, new Date(), new Date(5_000));
  expect((await store.read(node, 0, target, self)).version).toBe((await store.getAttributes(node, self)).version);
  await store.close();
});
