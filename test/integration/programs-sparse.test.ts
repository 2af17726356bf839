import { stat } from "node:fs/promises";
import { expect, it } from "vitest";
import { MountedStore, run, runOwn } from "../kit/mounted-store.ts";

interface Segment {
  readonly position: number;
  readonly end: number;
}

const sizeBytes = 8 * 1024 ** 3;
const dataBytes = 445_276;

function segmentsIn(text: string): Segment[] {
  return JSON.parse(text.trim()) as Segment[];
}

/** Every piece lies in a segment, and segments are not much larger than the pieces. */
function expectSparse(segments: readonly Segment[]): void {
  for (const position of [0, 2 ** 31 - 50, 2 ** 31 + 49, 2 ** 32, 5 * 1024 ** 3 + 5000, 7 * 1024 ** 3, sizeBytes - 1]) {
    expect(segments.some((one) => one.position <= position && position < one.end)).toBe(true);
  }
  const total = segments.reduce((sum, one) => sum + one.end - one.position, 0);
  expect(total).toBeGreaterThanOrEqual(dataBytes);
  expect(total).toBeLessThan(dataBytes + 16 * 65_536);
}

it("[G8] [G25] a file of 8 GiB that is mostly holes takes the storage of its data, and its holes are found", async () => {
  await using mounted = await MountedStore.start("sparse");
  expectSparse(segmentsIn(await runOwn("scattered", ["write", mounted.at("vast")])));
  await runOwn("scattered", ["check", mounted.at("vast")]);
  expect((await stat(mounted.at("vast"))).size).toBe(sizeBytes);
  await mounted.unmount();

  await runOwn("scattered", ["check", mounted.inStore("vast")]);
  const stored = await stat(mounted.inStore("vast"));
  expect(stored.size).toBe(sizeBytes);
  expect(stored.blocks * 512).toBeLessThan(4 * 1024 * 1024);

  await mounted.mountAgain();
  await runOwn("scattered", ["check", mounted.at("vast")]);
  expectSparse(segmentsIn(await runOwn("scattered", ["segments", mounted.at("vast")])));
  await mounted.unmount();
});

it("[G7] [G8] punched, cut and reserved ranges arrive at the store, between writes that are not sent yet", async () => {
  await using mounted = await MountedStore.start("punch");
  const script = [
    "set -e",
    "head -c 400000 /dev/zero | tr '\\0' a > file",
    "exec 3<>file",
    "printf bbbb >&3",
    "fallocate --punch-hole --offset 65536 --length 131072 file",
    "fallocate --keep-size --offset 400000 --length 100000 file",
    "fallocate --offset 400000 --length 50000 file",
    "truncate -s 440000 file",
    "exec 3>&-",
    "head -c 440000 /dev/zero | tr '\\0' a > same",
    "printf bbbb | dd of=same conv=notrunc status=none",
    "dd if=/dev/zero of=same bs=65536 seek=1 count=2 conv=notrunc status=none",
    "dd if=/dev/zero of=same bs=1 seek=400000 count=40000 conv=notrunc status=none",
    "cmp file same",
  ].join("\n");
  await run("sh", ["-c", script], { directory: mounted.point });
  await mounted.unmount();
  await run("cmp", ["file", "same"], { directory: mounted.store });
  const [file, same] = await Promise.all(["file", "same"].map((name) => stat(mounted.inStore(name))));
  expect(file?.size).toBe(440_000);
  expect(same?.size).toBe(440_000);
});
