import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkout } from "../kit/checkout.ts";
import { MountedStore, run, treeSums } from "../kit/mounted-store.ts";
import { scratchDirectory } from "../kit/scratch.ts";

const filesWanted = 10_200;

/** Where a machine that can run these tests has files: the packages of Node, then what the system brings. */
const places = [join(checkout, "node_modules"), "/usr/include", "/usr/share", "/usr/lib"];

/** A tree of files and symbolic links copied from this machine, which nobody changes meanwhile. Answers with their count. */
async function realTree(directory: string): Promise<number> {
  const script = `find -H "$@" -xdev -name '.*' -prune -o \\( -type f -size -128k -o -type l \\) -print0 2>/dev/null | head -z -n ${filesWanted}`;
  await mkdir(directory);
  await writeFile(`${directory}.list`, await run("sh", ["-c", script, "sh", ...places]));
  await run("rsync", ["-a", "--from0", `--files-from=${directory}.list`, "/", `${directory}/`]);
  return countFiles(directory);
}

async function countFiles(directory: string): Promise<number> {
  return Number(await run("sh", ["-c", 'find "$1" -type f -o -type l | wc -l', "sh", directory]));
}

it("rsync --checksum copies a real tree of ten thousand files, times included", { timeout: 240_000 }, async () => {
  await using mounted = await MountedStore.start("rsync");
  const source = join(mounted.scratch, "source");
  const count = await realTree(source);
  expect(count).toBeGreaterThanOrEqual(10_000);
  const rsync = (flags: string, target: string): Promise<string> =>
    run("rsync", [flags, "--checksum", `${source}/`, `${target}/`], { msMax: 200_000 });
  await rsync("-a", mounted.at("tree"));
  expect(await rsync("-ani", mounted.at("tree"))).toBe("");
  await mounted.unmount();
  expect(await rsync("-ani", mounted.inStore("tree"))).toBe("");
  expect(await countFiles(mounted.inStore("tree"))).toBe(count);
});

it("tar unpacks on the mount, finds no difference, and packs from it what can be unpacked elsewhere", async () => {
  const scratch = await scratchDirectory("tar-source");
  const archive = join(scratch, "source.tar");
  await run("tar", [
    "-cf",
    archive,
    "-C",
    checkout,
    "src",
    "test",
    "docs",
    "node_modules/koffi",
    "node_modules/vitest",
  ]);
  await using mounted = await MountedStore.start("tar", ["--cache-size", "1M"]);
  await run("tar", ["-xpf", archive, "-C", mounted.point]);
  expect(await run("tar", ["-df", archive, "-C", mounted.point])).toBe("");
  const packed = mounted.at("packed.tar.gz");
  await run("tar", ["-czf", packed, "-C", mounted.point, "src", "test", "node_modules"]);
  expect(await run("tar", ["-dzf", packed, "-C", mounted.point])).toBe("");
  await mounted.unmount();
  expect(await run("tar", ["-df", archive, "-C", mounted.store])).toBe("");
  expect(await run("tar", ["-dzf", mounted.inStore("packed.tar.gz"), "-C", mounted.store])).toBe("");
});

it("tar -S keeps a sparse file sparse, in and out", async () => {
  await using mounted = await MountedStore.start("tar-sparse");
  const sparse = mounted.at("sparse");
  await run("truncate", ["-s", "256M", sparse]);
  for (const [place, size] of [
    [0, 3],
    [7000, 11],
    [65_535, 1],
  ] as const) {
    await run("dd", [
      "if=/dev/urandom",
      `of=${sparse}`,
      "bs=4096",
      `seek=${place}`,
      `count=${size}`,
      "conv=notrunc",
      "status=none",
    ]);
  }
  const archive = mounted.at("sparse.tar");
  await run("tar", ["-cSf", archive, "-C", mounted.point, "sparse"]);
  await run("mkdir", [mounted.at("out")]);
  await run("tar", ["-xSf", archive, "-C", mounted.at("out")]);
  await run("cmp", [sparse, mounted.at("out", "sparse")]);
  await mounted.unmount();
  await run("cmp", [mounted.inStore("sparse"), mounted.inStore("out", "sparse")]);
  const storage = await run("du", [
    "-k",
    mounted.inStore("sparse"),
    mounted.inStore("sparse.tar"),
    mounted.inStore("out", "sparse"),
  ]);
  for (const line of storage.trim().split("\n")) expect(Number(line.split("\t")[0]), line).toBeLessThan(512);
  expect(await treeSums(mounted.store)).not.toBe("");
});
