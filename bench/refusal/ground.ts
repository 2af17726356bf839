/**
 * What one trial stands on: a small disk of its own, the directory on it that is served, the server, and the one file that
 * everything happens to. The bench looks at the directory itself, never through a mount.
 */
import { chmod, chown, mkdir, mkdtemp, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../test/kit/mounted-store.ts";
import { mountSmallDisk } from "../../test/kit/small-disk.ts";
import { SshServer, writer } from "./ssh-server.ts";

export const fileName = "shared";
const mebibyte = 1024 * 1024;
/** What the file holds before anybody writes to it through a mount. */
export const original: string = "s".repeat(65_536);

/** A piece of the file that the writer writes, with one write(2). */
export interface Piece {
  readonly offset: number;
  readonly text: string;
}
export const firstPiece: Piece = { offset: original.length, text: "A".repeat(mebibyte) };
export const secondPiece: Piece = { offset: original.length + mebibyte, text: "B".repeat(mebibyte) };
/** The size of the file with both. */
export const wholeBytes: number = secondPiece.offset + secondPiece.text.length;

export class Ground implements AsyncDisposable {
  readonly scratch: string;
  /** Where the disk is mounted. */
  readonly disk: string;
  readonly image: string;
  /** The directory that is served. */
  readonly home: string;
  readonly file: string;
  readonly server: SshServer;

  private constructor(scratch: string, server: SshServer) {
    this.scratch = scratch;
    this.disk = join(scratch, "disk");
    this.image = join(scratch, "image");
    this.home = join(this.disk, "home");
    this.file = join(this.home, fileName);
    this.server = server;
  }

  static async prepare(directory: string, type: "ext4" | "btrfs"): Promise<Ground> {
    const scratch = await mkdtemp(join(directory, "trial-"));
    for (const path of [directory, scratch]) await chmod(path, 0o755);
    const ground = new Ground(scratch, await SshServer.start(scratch));
    await mkdir(ground.disk);
    await mountSmallDisk(type, ground.image, ground.disk);
    if (type === "btrfs") {
      await run("btrfs", ["quota", "enable", ground.disk]);
      await run("btrfs", ["subvolume", "create", ground.home]);
    } else await mkdir(ground.home);
    await writeFile(ground.file, original);
    for (const path of [ground.home, ground.file]) await chown(path, writer.uid, writer.gid);
    await chmod(ground.home, 0o755);
    await run("sync", ["-f", ground.file]);
    return ground;
  }

  /** What the server has under the file's name; empty where it has nothing. */
  async content(): Promise<string> {
    return await readFile(this.file, "latin1").catch(nothing);
  }

  /** Undefined where the server has no such file. */
  async size(): Promise<number | undefined> {
    const status = await stat(this.file).catch(() => undefined);
    return status?.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await run("umount", [this.disk]).catch(() => run("umount", ["-l", this.disk]));
  }
}

function nothing(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "";
  throw error;
}
