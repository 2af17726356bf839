/** What programs map on the mount is the file: for other clients' changes, for direct writes, and as a source of writes. */
import { constants } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MemoryMount } from "../kit/memory-mount.ts";
import { MountedStore, runOwn } from "../kit/mounted-store.ts";
import { scratchDirectory } from "../kit/scratch.ts";
import { StoppableStore } from "../kit/stoppable-store.ts";
import { until } from "../kit/until.ts";
import { Worker } from "../kit/worker.ts";

const pageSize = 4096;

it("[S1.1] writes whose source is a mapping of the page that they write, or crosswise of each other's, end", async () => {
  await using mounted = await MountedStore.start("crosswise", ["--page-size", "4K"]);
  await using worker = await Worker.start(mounted.scratch, mounted.point);
  await worker.do("writeFile", "file", "a".repeat(pageSize) + "b".repeat(pageSize) + "c".repeat(pageSize));
  const path = mounted.at("file");
  const crossings = [
    ["0", "1"],
    ["1", "0"],
    ["2", "2"],
  ] as const;
  await Promise.all(crossings.map(([to, from]) => runOwn("crosswise", [path, to, from], { msMax: 60_000 })));
  await mounted.unmount();
  const text = await readFile(mounted.inStore("file"), "utf8");
  expect(text.slice(0, 2 * pageSize)).toMatch(/^[ab]+$/);
  expect(text.slice(2 * pageSize)).toBe("c".repeat(pageSize));
});

it("[S1.2] a write whose source ends midway leaves what lies behind, and says how far it came", async () => {
  await using mounted = await MountedStore.start("midway");
  await using worker = await Worker.start(mounted.scratch, mounted.point);
  await worker.do("writeFile", "file", "o".repeat(4 * pageSize));
  const file = await worker.do("open", "file", "r+");
  const source = await worker.do("halfThere", pageSize, "N");
  const written = await worker.do("writeFrom", file, source, 2 * pageSize, 100);
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThanOrEqual(pageSize);
  expect(await worker.try("writeFrom", file, source + pageSize, 10, 3 * pageSize)).toBe("EFAULT");
  const expected = "o".repeat(100) + "N".repeat(written) + "o".repeat(4 * pageSize - 100 - written);
  expect((await worker.do<string>("read", file, 4 * pageSize, 0)) === expected).toBe(true);
  await worker.do("close", file);
  await mounted.unmount();
  expect((await readFile(mounted.inStore("file"), "utf8")) === expected).toBe(true);
});

it("[S4.5] what another client wrote is seen in what a program had mapped before", async () => {
  const scratch = await scratchDirectory("mapped");
  const point = join(scratch, "mount");
  await mkdir(point);
  const believing = { attributeTimeoutMs: 3_600_000, entryTimeoutMs: 3_600_000 };
  await using mount = await MemoryMount.start(point, believing);
  await mount.order("write", { name: "letter", content: "first" });
  await using worker = await Worker.start(scratch, point);
  const file = await worker.do("open", "letter", "r+");
  const address = await worker.do("map", file, pageSize);
  expect(await worker.do<string>("load", address, 5)).toBe("first");
  await mount.order("write", { name: "letter", content: "other" });
  await until("the mapping shows it", async () => (await worker.do<string>("load", address, 5)) === "other");
});

it("[S4.7] a direct write to a range that is cached and mapped is seen by all who read it, and by the store", async () => {
  await using mounted = await MountedStore.start("direct");
  await using worker = await Worker.start(mounted.scratch, mounted.point);
  await worker.do("writeFile", "file", "a".repeat(2 * pageSize));
  const file = await worker.do("open", "file", "r+");
  const address = await worker.do("map", file, 2 * pageSize);
  expect(await worker.do<string>("load", address, 3)).toBe("aaa");
  expect(await worker.do<string>("read", file, 3, pageSize)).toBe("aaa");
  await worker.do("store", address + pageSize, "mapped");
  const direct = await worker.do("open", "file", constants.O_RDWR | constants.O_DIRECT);
  await worker.do("write", direct, "direct".padEnd(512, "."), 0);
  expect(await worker.do<string>("load", address, 6)).toBe("direct");
  expect(await worker.do<string>("read", file, 6, 0)).toBe("direct");
  expect(await worker.do<string>("read", direct, 512, pageSize)).toMatch(/^mappeda+$/);
  expect(await worker.do<string>("load", address + pageSize, 7)).toBe("mappeda");
  for (const open of [direct, file]) await worker.do("fsync", open);
  const text = await readFile(mounted.inStore("file"), "utf8");
  expect(text.slice(0, 8)).toBe("direct..");
  expect(text.slice(pageSize, pageSize + 7)).toBe("mappeda");
});

describe.skipIf(process.getuid?.() !== 0)("a store that hangs (needs root to mount one that can be stopped)", () => {
  it("[S2.6] holds the fsync of its own file, and no sync of the machine", async () => {
    const scratch = await scratchDirectory("sync");
    await using store = await StoppableStore.start(scratch);
    await using mounted = await MountedStore.start("sync", ["--attribute-timeout", "1min"], store.directory);
    await using writer = await Worker.start(scratch, mounted.point);
    await using bystander = await Worker.start(scratch, mounted.point);
    const file = await writer.do("open", "file", "w+");
    const own = await bystander.do("open", "other", "w+");
    await writer.do("write", file, "bytes", 0);
    await bystander.do("write", own, "unsent", 0);
    store.stop();
    let isOver = false;
    const syncing = writer.do("fsync", file).then(() => {
      isOver = true;
    });
    try {
      for (const sync of ["syncfs", "syncAll"]) {
        let isAnswered = false;
        const answering = bystander.do(sync, own).then(() => {
          isAnswered = true;
        });
        await until(`${sync} is answered`, () => isAnswered, 20_000);
        await answering;
      }
      expect(isOver).toBe(false);
    } finally {
      store.goOn();
    }
    await syncing;
    for (const [worker, open] of [
      [writer, file],
      [bystander, own],
    ] as const)
      await worker.do("close", open);
    await mounted.unmount();
  });
});
