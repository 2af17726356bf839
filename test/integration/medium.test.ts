/** Two disks in one drive, taken out and put in while a mount writes: real file systems on loop devices, in one mount point. */
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RunningMount, runHoldfast } from "../kit/command.ts";
import { attempt, run } from "../kit/mounted-store.ts";
import { mountsBelow, scratchDirectory } from "../kit/scratch.ts";
import {
  breakDisksOn,
  type FileSystemType,
  lacksFileSystem,
  mountAgain,
  mountSmallDisk,
  pullOut,
} from "../kit/small-disk.ts";
import { until } from "../kit/until.ts";
import { Worker } from "../kit/worker.ts";

const root = { uid: 0, gid: 0 };
const lacking = await lacksFileSystem("ext4");
const lackingExfat = await lacksFileSystem("exfat");

/** Unmounts when nobody uses it any more: the kernel lets go of the image of a disk a moment after the disk was unmounted. */
function unmounted(directory: string): Promise<void> {
  return until(`${directory} is not used`, async () => (await attempt("umount", [directory])).status === 0);
}

class DriveBay implements AsyncDisposable {
  readonly drive: string;
  readonly point: string;
  readonly rescue: string;
  readonly #scratch: string;
  #images: string;
  readonly #type: FileSystemType;
  mount: RunningMount | undefined;

  private constructor(scratch: string, type: FileSystemType) {
    this.#scratch = scratch;
    this.#images = scratch;
    this.#type = type;
    this.drive = join(scratch, "drive");
    this.point = join(scratch, "mount");
    this.rescue = join(scratch, "rescue");
  }

  static async make(type: FileSystemType = "ext4"): Promise<DriveBay> {
    const bay = new DriveBay(await scratchDirectory("medium"), type);
    for (const directory of [bay.drive, bay.point]) await mkdir(directory);
    await mkdir(bay.rescue, { mode: 0o700 });
    return bay;
  }

  #image(name: string): string {
    return join(this.#images, `${name}.image`);
  }

  async format(name: string): Promise<void> {
    await mountSmallDisk(this.#type, this.#image(name), this.drive);
    await run("umount", [this.drive]);
  }

  putIn(name: string): Promise<void> {
    return mountAgain(this.#type, this.#image(name), this.drive);
  }

  /** From now on images lie on a disk of their own, which can be broken and mended while they are used. */
  async putImagesOnDisk(): Promise<void> {
    this.#images = join(this.#scratch, "images");
    await mkdir(this.#images);
    await mountSmallDisk("ext4", join(this.#scratch, "images.image"), this.#images, 32 * 1024 * 1024);
  }

  /** The medium answers nothing but errors, and is taken out. */
  async breakDisk(): Promise<void> {
    await breakDisksOn(this.#images);
    await this.takeOut();
  }

  /** It can be put in again, when nobody has the broken one open any more. */
  async mendDisk(): Promise<void> {
    await unmounted(this.#images);
    await mountAgain("ext4", join(this.#scratch, "images.image"), this.#images);
  }

  /** While it is in use: whoever has it open keeps what is left of it. */
  takeOut(): Promise<string> {
    return run("umount", ["--lazy", this.drive]);
  }

  async start(...more: readonly string[]): Promise<RunningMount> {
    const flags = ["--rescue", this.rescue, "--attribute-timeout", "200ms", ...more];
    this.mount = await RunningMount.start(`medium:${this.drive}`, this.point, flags);
    return this.mount;
  }

  worker(): Promise<Worker> {
    return Worker.start(this.#scratch, this.point, root);
  }

  async entries(): Promise<readonly { manifest: { path: string; refusal: { code: string; class: string } } }[]> {
    const { stdout } = await runHoldfast(["rescue", "list", "--rescue", this.rescue, "--json"]);
    return (JSON.parse(stdout) as { entries: [] }).entries;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mount?.[Symbol.asyncDispose]();
    const mounted = await mountsBelow(this.#scratch);
    // Images last: what lies in them is in use until then.
    for (const directory of mounted) if (directory !== this.#images) await unmounted(directory);
    if (mounted.includes(this.#images)) await unmounted(this.#images);
  }
}

describe.skipIf(lacking !== undefined)(
  `two media in one drive (needs root and ext4; lacking: ${lacking ?? "nothing"})`,
  () => {
    it("[S1.10] [S1.11] [S5.1] what one does not get while it is out is parked, told, and replayed to it and to no other", async () => {
      await using bay = await DriveBay.make();
      for (const name of ["one", "two"]) await bay.format(name);
      await bay.putIn("one");
      const mount = await bay.start();
      const worker = await bay.worker();
      const file = await worker.do("open", "file", "w+");
      await worker.do("write", file, "on the disk", 0);
      expect(await worker.try("fsync", file)).toBe("ok");

      await worker.do("write", file, "in the cache", 0);
      await bay.takeOut();
      await bay.putIn("two");
      await writeFile(join(bay.drive, "file"), "another's");
      await until("the mount sees it", () => mount.log.includes("the medium was taken out"));
      // 123 is ENOMEDIUM, for which Node has no name.
      expect(await worker.try("fsync", file)).toMatch(/ENOMEDIUM|-123/);
      expect(await bay.entries()).toMatchObject([
        { manifest: { path: "/file", refusal: { code: "ENOMEDIUM", class: "media" } } },
      ]);
      expect(await readFile(join(bay.drive, "file"), "utf8")).toBe("another's");
      expect(await readdir(bay.drive)).not.toContain(".holdfast-medium");
      await worker[Symbol.asyncDispose]();

      await bay.takeOut();
      await bay.putIn("one");
      await until("it is back", () => mount.log.includes("the medium is back"));
      expect(await bay.entries()).toEqual([]);
      expect(await readFile(join(bay.drive, "file"), "utf8")).toBe("in the cache");
      const again = await bay.worker();
      await until("the mount shows it", async () => (await again.do<string>("readFile", "file")) === "in the cache");
      await again[Symbol.asyncDispose]();
    });

    it("[S1.11] a URL that names a medium mounts no other, and marks none", async () => {
      await using bay = await DriveBay.make();
      await bay.format("one");
      await bay.putIn("one");
      const url = `medium:${bay.drive}#00000000-0000-4000-8000-000000000000`;
      const other = await runHoldfast(["mount", url, bay.point, "--rescue", bay.rescue]);
      expect(other).toMatchObject({ status: 1, stderr: expect.stringContaining("another medium is in") });
      expect(await readdir(bay.drive)).not.toContain(".holdfast-medium");
    });

    it("[S1.11] a name that both media have is removed from its own only, at once after they were exchanged", async () => {
      await using bay = await DriveBay.make();
      await bay.format("one");
      await bay.format("two");
      await bay.putIn("two");
      await writeFile(join(bay.drive, "file"), "another's");
      await bay.takeOut();
      await bay.putIn("one");
      await bay.start();
      const worker = await bay.worker();
      await worker.do("writeFile", "file", "one's");
      await worker.do("stat", "file");
      await bay.takeOut();
      await bay.putIn("two");
      await worker.try("unlink", "file");
      expect(await readFile(join(bay.drive, "file"), "utf8")).toBe("another's");
      await worker[Symbol.asyncDispose]();
    });

    it("[S1.10] what was parked when the mount ended is replayed by the next mount of the medium", async () => {
      await using bay = await DriveBay.make();
      await bay.format("one");
      await bay.putIn("one");
      const mount = await bay.start();
      const worker = await bay.worker();
      const file = await worker.do("open", "file", "w+");
      await worker.do("write", file, "kept", 0);
      expect(await worker.try("fsync", file)).toBe("ok");
      await worker.do("write", file, "parked", 0);
      await bay.takeOut();
      await until("the mount sees it", () => mount.log.includes("the medium was taken out"));
      await worker[Symbol.asyncDispose]();
      expect((await mount.stop()).status).not.toBe(0);
      expect(await bay.entries()).toHaveLength(1);
      const early = await runHoldfast(["mount", `medium:${bay.drive}`, bay.point, "--rescue", bay.rescue]);
      expect(early).toMatchObject({ status: 1, stderr: expect.stringContaining("no medium is mounted at") });

      await bay.putIn("one");
      await bay.start();
      expect(await bay.entries()).toEqual([]);
      expect(await readFile(join(bay.drive, "file"), "utf8")).toBe("parked");
    });
  },
);

describe.skipIf(lacking !== undefined)(
  `a medium pulled out by hand (needs root and ext4; lacking: ${lacking ?? "nothing"})`,
  () => {
    it("[S1.10] [S5.1] [G30] bytes that it took, and that no program asked to be durable, are on it when it is back", async () => {
      await using bay = await DriveBay.make();
      await bay.format("one");
      await bay.putIn("one");
      const mount = await bay.start();
      const worker = await bay.worker();
      const bytes = "written and closed, ".repeat(50_000);
      await worker.do("writeFile", "file", bytes);
      expect(await readFile(join(bay.drive, "file"), "utf8")).toBe(bytes);
      const file = await worker.do("open", "other", "w+");
      expect(await worker.try("fsync", file)).toBe("ok");
      await worker.do("write", file, "not sent yet", 0);
      await pullOut(bay.drive);
      await until("the mount sees it", () => mount.log.includes("the medium was taken out"));
      // It goes on, and is told where the bytes are.
      await worker.do("write", file, "NOT", 0);
      expect(await worker.try("fsync", file)).toMatch(/ENOMEDIUM|-123/);
      expect(await bay.entries()).toMatchObject([{ manifest: { path: "/other" } }]);
      await worker[Symbol.asyncDispose]();

      await bay.putIn("one");
      await until("it is back", () => mount.log.includes("the medium is back"));
      expect(await bay.entries()).toEqual([]);
      expect(await readFile(join(bay.drive, "file"), "utf8")).toBe(bytes);
      expect(await readFile(join(bay.drive, "other"), "utf8")).toBe("NOT sent yet");
    });
  },
);

describe.skipIf(lacking !== undefined)(
  `a medium pulled out while it is written to (needs root and ext4; lacking: ${lacking ?? "nothing"})`,
  () => {
    it("[S1.10] [S5.1] [G30] whatever was on its way, it has every byte when it is back", async () => {
      await using bay = await DriveBay.make();
      await bay.putImagesOnDisk();
      await bay.format("one");
      await bay.putIn("one");
      const mount = await bay.start("--dirty-background", "64K", "--dirty-limit", "1M");
      const worker = await bay.worker();
      const piece = "0123456789abcdef".repeat(2048);
      const pieces = 64;
      for (const round of [1, 2, 3]) {
        const file = await worker.do("open", "stream", "w+");
        expect(await worker.try("fsync", file)).toBe("ok");
        const sees = mount.log.split("the medium was taken out").length;
        let written = 0;
        const writing = (async () => {
          for (; written < pieces; written++) await worker.do("write", file, piece, written * piece.length);
        })();
        await until("some of it is stored", async () => (await stat(join(bay.drive, "stream"))).size > round * 100_000);
        await bay.breakDisk();
        await writing;
        await until("the mount sees it", () => mount.log.split("the medium was taken out").length > sees);
        await worker.try("close", file);
        await bay.mendDisk();
        await bay.putIn("one");
        const isBack = async (): Promise<boolean> => mount.log.split("the medium is back").length > round;
        await until("it is back", isBack);
        expect(await bay.entries()).toEqual([]);
        expect(await readFile(join(bay.drive, "stream"), "utf8")).toBe(piece.repeat(pieces));
      }
      await worker[Symbol.asyncDispose]();
    });
  },
);

describe.skipIf(lackingExfat !== undefined)(
  `a medium without lasting inode numbers (needs root and exFAT; lacking: ${lackingExfat ?? "nothing"})`,
  () => {
    /** Mounts a disk with two files, takes it out while one has unsent bytes, and puts it in again. */
    async function parkAndReturn(bay: DriveBay): Promise<{ mount: RunningMount; worker: Worker }> {
      for (const name of ["one", "two"]) await bay.format(name);
      await bay.putIn("one");
      const mount = await bay.start();
      const worker = await bay.worker();
      for (const name of ["first", "second"]) await worker.do("writeFile", name, `${name} on the disk`);
      const before = await inodesIn(bay.drive);
      const file = await worker.do("open", "second", "r+");
      await worker.do("write", file, "parked", 0);
      await bay.takeOut();
      await bay.putIn("two");
      await until("the mount sees it", () => mount.log.includes("the medium was taken out"));
      expect(await worker.try("fsync", file)).toMatch(/ENOMEDIUM|-123/);
      expect(await bay.entries()).toMatchObject([{ manifest: { path: "/second" } }]);
      expect(await readdir(bay.drive)).toEqual([]);
      await bay.takeOut();
      await bay.putIn("one");
      // Looked at in another order, files have other numbers than before.
      await stat(join(bay.drive, "second"));
      expect(await inodesIn(bay.drive)).not.toEqual(before);
      return { mount, worker };
    }

    it("[S1.10] [S1.11] what was parked is replayed to it by the mount that parked it", async () => {
      await using bay = await DriveBay.make("exfat");
      const { mount, worker } = await parkAndReturn(bay);
      await until("it is back", () => mount.log.includes("the medium is back"));
      expect(await bay.entries()).toEqual([]);
      expect(await readFile(join(bay.drive, "second"), "utf8")).toBe("parked on the disk");
      await until("it is shown", async () => (await worker.do<string>("readFile", "second")) === "parked on the disk");
      await worker.do("writeFile", "first", "as ever");
      expect(await readFile(join(bay.drive, "first"), "utf8")).toBe("as ever");
      await worker[Symbol.asyncDispose]();
    });

    it("[S1.10] [S1.11] what was parked is replayed to it by the next mount", async () => {
      await using bay = await DriveBay.make("exfat");
      const { mount, worker } = await parkAndReturn(bay);
      await until("it is back", () => mount.log.includes("the medium is back"));
      expect(await bay.entries()).toEqual([]);
      const file = await worker.do("open", "first", "r+");
      await worker.do("write", file, "parked", 0);
      await bay.takeOut();
      await until("it is seen", () => mount.log.split("the medium was taken out").length > 2);
      await worker[Symbol.asyncDispose]();
      expect((await mount.stop()).status).not.toBe(0);
      expect(await bay.entries()).toMatchObject([{ manifest: { path: "/first" } }]);
      await bay.putIn("one");
      await bay.start();
      expect(await bay.entries()).toEqual([]);
      expect(await readFile(join(bay.drive, "first"), "utf8")).toBe("parkedon the disk");
    });
  },
);

async function inodesIn(directory: string): Promise<readonly number[]> {
  const inodes: number[] = [];
  for (const name of ["first", "second"]) inodes.push((await stat(join(directory, name))).ino);
  return inodes;
}
