/**
 * A volume in the shape of node:fs/promises, under one credential, so that programs written for Node run on it unchanged.
 * Paths start at the volume's root. What is written is at the store when the promise resolves: every call that opens a
 * file closes it again.
 */
import { Failure, failureFrom } from "../../base/index.ts";
import type { Credential } from "../../port/index.ts";
import type { CachedVolume } from "../cached-volume.ts";
import type { FileHandle } from "../file-handle/file-handle.ts";
import {
  type BytesOption,
  type EncodingOption,
  encodingOf,
  type ProgramData,
  requireContent,
  type TextOption,
} from "../file-handle/program-data.ts";
import { requireWhole } from "../file-handle/whole-number.ts";
import { openFlags } from "../open-flags.ts";
import { accessBits, accessModeOf } from "./access-mode.ts";
import { copyContent } from "./copy-content.ts";
import { Dir, Dirent } from "./dirent.ts";
import { ownerChanges } from "./owner.ts";
import { existing, isCode, PathOperations, requireName } from "./path-operations.ts";
import { type PathLike, pathText } from "./path-walk.ts";
import { randomName } from "./random-name.ts";
import { type BigIntStats, type Stats, statsOf } from "./stats.ts";
import { type ProgramTime, timeNsOf } from "./time.ts";
import { listNode, makeDirectories, removeTree, walkTree } from "./tree-operations.ts";

const fileMode = 0o666;
const directoryMode = 0o777;
const permissionBits = 0o7777;
const nameAttemptsMax = 16;

/** Options of calls that open a file. */
export type FileOptions = string | null | { encoding?: string | null; flag?: string | number; mode?: number };

export class VolumePromises {
  readonly constants: typeof openFlags & typeof accessBits = { ...openFlags, ...accessBits };
  readonly #paths: PathOperations;

  constructor(volume: CachedVolume, credential: Credential, umask: number) {
    this.#paths = new PathOperations(volume, credential, umask);
  }

  open(path: PathLike, flags: string | number = "r", mode: number = fileMode): Promise<FileHandle> {
    return this.#paths.open(path, flags, mode);
  }

  readFile(path: PathLike, options: TextOption & FileOptions): Promise<string>;
  readFile(path: PathLike, options?: BytesOption & FileOptions): Promise<Uint8Array>;
  readFile(path: PathLike, options?: FileOptions): Promise<Uint8Array | string>;
  async readFile(path: PathLike, options?: FileOptions): Promise<Uint8Array | string> {
    await using file = await this.open(path, flagOf(options, "r"));
    return await file.readFile(options);
  }

  async writeFile(path: PathLike | FileHandle, data: ProgramData, options?: FileOptions): Promise<void> {
    await this.#writeWhole(path, data, options, "w");
  }

  async appendFile(path: PathLike | FileHandle, data: ProgramData, options?: FileOptions): Promise<void> {
    await this.#writeWhole(path, data, options, "a");
  }

  async #writeWhole(
    path: PathLike | FileHandle,
    data: ProgramData,
    options: FileOptions | undefined,
    flag: string,
  ): Promise<void> {
    if (typeof path === "object" && path !== null && "writeFile" in path) return path.writeFile(data, options);
    requireContent(data);
    encodingOf(options);
    const mode = typeof options === "object" ? options?.mode : undefined;
    await using file = await this.open(path, flagOf(options, flag), mode);
    await file.writeFile(data, options);
  }

  async access(path: PathLike, mode = 0): Promise<void> {
    await this.#paths.atNode(path, "access", true, async ({ node }) => {
      if (mode === 0) await this.#paths.volume.getAttributes(node, this.#paths.call);
      else await this.#paths.volume.access(node, accessModeOf(mode), this.#paths.call);
    });
  }

  stat(path: PathLike, options: { readonly bigint: true }): Promise<BigIntStats>;
  stat(path: PathLike, options?: { readonly bigint?: false }): Promise<Stats>;
  async stat(path: PathLike, options?: { readonly bigint?: boolean }): Promise<Stats | BigIntStats> {
    return statsOf(await this.#paths.attributes(path, "stat", true), options?.bigint === true);
  }

  lstat(path: PathLike, options: { readonly bigint: true }): Promise<BigIntStats>;
  lstat(path: PathLike, options?: { readonly bigint?: false }): Promise<Stats>;
  async lstat(path: PathLike, options?: { readonly bigint?: boolean }): Promise<Stats | BigIntStats> {
    return statsOf(await this.#paths.attributes(path, "lstat", false), options?.bigint === true);
  }

  readdir(path: PathLike, options: { readonly withFileTypes: true; readonly recursive?: boolean }): Promise<Dirent[]>;
  readdir(
    path: PathLike,
    options?: string | null | { readonly withFileTypes?: false; readonly recursive?: boolean },
  ): Promise<string[]>;
  readdir(
    path: PathLike,
    options?: string | null | { readonly withFileTypes?: boolean; readonly recursive?: boolean },
  ): Promise<string[] | Dirent[]> {
    const { withFileTypes = false, recursive = false } = typeof options === "object" ? (options ?? {}) : {};
    return this.#paths.atNode(path, "scandir", true, async ({ node }) => {
      const at = pathText(path).replace(/(?<=.)\/+$/, "");
      if (recursive) {
        const names: string[] = [];
        const dirents: Dirent[] = [];
        for await (const found of walkTree(this.#paths, node, at)) {
          names.push(found.relative);
          dirents.push(found.dirent);
        }
        return withFileTypes ? dirents : names;
      }
      const entries = await listNode(this.#paths, node);
      return withFileTypes
        ? entries.map(({ name, kind }) => new Dirent(name, at, kind))
        : entries.map(({ name }) => name);
    });
  }

  async opendir(path: PathLike): Promise<Dir> {
    return new Dir(pathText(path), await this.readdir(path, { withFileTypes: true }));
  }

  async mkdir(
    path: PathLike,
    options?: number | null | { readonly recursive?: boolean; readonly mode?: number },
  ): Promise<string | undefined> {
    const { recursive = false, mode = directoryMode } =
      typeof options === "number" ? { mode: options } : (options ?? {});
    if (recursive) return makeDirectories(this.#paths, pathText(path), mode);
    await this.#paths.atNewName(path, "mkdir", ({ parent, name }) =>
      this.#paths.volume.makeDirectory(parent, name, mode & ~this.#paths.umask, this.#paths.call),
    );
    return undefined;
  }

  async mkdtemp(prefix: string): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      const path = prefix + randomName();
      try {
        await this.mkdir(path, 0o700);
        return path;
      } catch (thrown) {
        if (!(thrown instanceof Failure && thrown.code === "EEXIST") || attempt >= nameAttemptsMax) throw thrown;
      }
    }
  }

  async unlink(path: PathLike): Promise<void> {
    await this.#paths.atNode(path, "unlink", false, (found) => {
      if (found.node.kind === "directory") throw new Failure("EISDIR");
      return this.#paths.volume.unlink(found.parent, found.name, this.#paths.call);
    });
  }

  async rmdir(path: PathLike): Promise<void> {
    await this.#paths.atNode(path, "rmdir", false, (found) => {
      if (found.node.kind !== "directory") throw new Failure("ENOTDIR");
      return this.#paths.volume.removeDirectory(found.parent, requireName(found), this.#paths.call);
    });
  }

  async rm(path: PathLike, options: { readonly recursive?: boolean; readonly force?: boolean } = {}): Promise<void> {
    try {
      await this.#paths.atNode(path, "rm", false, async (found) => {
        if (found.node.kind === "directory" && options.recursive !== true) throw new Failure("EISDIR");
        await removeTree(this.#paths, found.parent, requireName(found), found.node);
      });
    } catch (thrown) {
      if (options.force !== true || !isCode(thrown, "ENOENT")) throw thrown;
    }
  }

  async rename(from: PathLike, to: PathLike): Promise<void> {
    const { call, volume } = this.#paths;
    const dest = pathText(to);
    await this.#paths.at(
      from,
      "rename",
      false,
      async (source) => {
        const { node } = existing(source);
        const fromName = requireName(source);
        await this.#paths.at(to, "rename", false, (target) => {
          if (target.wantsDirectory && node.kind !== "directory") throw new Failure("ENOTDIR");
          return volume.rename(source.parent, fromName, target.parent, requireName(target), "replace", call);
        });
      },
      dest,
    );
  }

  async link(existingPath: PathLike, newPath: PathLike): Promise<void> {
    const { call, volume } = this.#paths;
    await this.#paths.at(
      existingPath,
      "link",
      false,
      async (found) => {
        const { node } = existing(found);
        await this.#paths.atNewName(newPath, "link", ({ parent, name }) => volume.link(node, parent, name, call));
      },
      pathText(newPath),
    );
  }

  /** `type` is for Windows and not looked at. */
  async symlink(target: PathLike, path: PathLike, _type?: string | null): Promise<void> {
    const text = pathText(target);
    const { call, volume } = this.#paths;
    await this.#paths.atNewName(path, "symlink", ({ parent, name }) =>
      volume.makeSymbolicLink(parent, name, text, call),
    );
  }

  readlink(path: PathLike): Promise<string> {
    return this.#paths.atNode(path, "readlink", false, ({ node }) =>
      this.#paths.volume.readLink(node, this.#paths.call),
    );
  }

  realpath(path: PathLike): Promise<string> {
    return this.#paths.atNode(path, "realpath", true, async ({ way, name }) => {
      return `/${(name === "" ? way : [...way, name]).join("/")}`;
    });
  }

  chmod(path: PathLike, mode: number): Promise<void> {
    return this.#change(path, "chmod", true, { mode: mode & permissionBits });
  }

  chown(path: PathLike, uid: number, gid: number): Promise<void> {
    return this.#change(path, "chown", true, ownerChanges(uid, gid));
  }

  lchown(path: PathLike, uid: number, gid: number): Promise<void> {
    return this.#change(path, "lchown", false, ownerChanges(uid, gid));
  }

  utimes(path: PathLike, accessTime: ProgramTime, modifyTime: ProgramTime): Promise<void> {
    return this.#change(path, "utime", true, {
      accessTimeNs: timeNsOf(accessTime),
      modifyTimeNs: timeNsOf(modifyTime),
    });
  }

  lutimes(path: PathLike, accessTime: ProgramTime, modifyTime: ProgramTime): Promise<void> {
    return this.#change(path, "lutime", false, {
      accessTimeNs: timeNsOf(accessTime),
      modifyTimeNs: timeNsOf(modifyTime),
    });
  }

  async truncate(path: PathLike, length = 0): Promise<void> {
    return this.#change(path, "truncate", true, { size: requireWhole(length, "length") });
  }

  async #change(
    path: PathLike,
    syscall: string,
    follow: boolean,
    changes: Parameters<CachedVolume["setAttributes"]>[1],
  ): Promise<void> {
    await this.#paths.atNode(path, syscall, follow, ({ node }) =>
      this.#paths.volume.setAttributes(node, changes, this.#paths.call),
    );
  }

  /** With `constants.COPYFILE_EXCL` the copy must not exist yet. A file copied to itself stays as it is. */
  async copyFile(from: PathLike, to: PathLike, flags = 0): Promise<void> {
    const exclusive = (flags & accessBits.COPYFILE_EXCL) === 0 ? 0 : openFlags.O_EXCL;
    try {
      await using source = await this.open(from, "r");
      const { mode } = await source.stat();
      // Cut only when it is known to be another file.
      const making = openFlags.O_WRONLY | openFlags.O_CREAT | exclusive;
      await using target = await this.open(to, making, mode & permissionBits);
      if (target.handle.node === source.handle.node) return;
      const found = await target.stat();
      if (found.mode !== mode) await target.chmod(mode);
      if (found.size > 0) await target.truncate();
      await copyContent(source, target);
    } catch (thrown) {
      const details = { syscall: "copyfile", path: pathText(from), dest: pathText(to), cause: thrown };
      throw new Failure(failureFrom(thrown).code, details);
    }
  }

  async statfs(
    path: PathLike,
  ): Promise<{ bsize: number; blocks: number; bfree: number; bavail: number; files: number; ffree: number }> {
    return this.#paths.atNode(path, "statfs", true, async ({ node }) => {
      const found = await this.#paths.volume.statistics(node, this.#paths.call);
      return {
        bsize: found.blockSize,
        blocks: found.blocks,
        bfree: found.blocksFree,
        bavail: found.blocksAvailable,
        files: found.nodes,
        ffree: found.nodesFree,
      };
    });
  }
}

function flagOf(options: FileOptions | EncodingOption, preset: string): string | number {
  if (typeof options !== "object" || options === null) return preset;
  return "flag" in options && options.flag !== undefined ? (options.flag as string | number) : preset;
}
