/**
 * Operations on paths, under one credential. A name that was cached and led to a node that has gone (another client
 * replaced the file) is walked once more, asking the store for each name.
 */
import { Failure, failureFrom } from "../../base/index.ts";
import type { Attributes, Call, Credential } from "../../port/index.ts";
import type { CachedVolume } from "../cached-volume.ts";
import { FileHandle } from "../file-handle/file-handle.ts";
import type { Node } from "../node.ts";
import { openFlags, parseOpenFlags } from "../open-flags.ts";
import { callOf } from "../volume-core.ts";
import { type Found, type PathLike, pathText, walkPath } from "./path-walk.ts";

const openAttemptsMax = 4;

/** A walk that met its node. */
export interface FoundNode extends Found {
  readonly node: Node;
}

export class PathOperations {
  readonly volume: CachedVolume;
  readonly call: Call;
  readonly umask: number;

  constructor(volume: CachedVolume, credential: Credential, umask: number) {
    this.volume = volume;
    this.call = callOf(credential);
    this.umask = umask;
  }

  /** Runs an operation on what a path leads to; failures carry the system call and the path as it was given. */
  async at<Result>(
    path: PathLike,
    syscall: string,
    follow: boolean,
    operation: (found: Found) => Promise<Result>,
    dest?: string,
  ): Promise<Result> {
    const text = pathText(path);
    try {
      return await this.#once(text, follow, operation);
    } catch (thrown) {
      const failure = failureFrom(thrown);
      const { detail } = failure;
      const more = { ...(dest === undefined ? {} : { dest }), ...(detail === undefined ? {} : { detail }) };
      const code = failure.code === "ESTALE" ? "ENOENT" : failure.code;
      throw new Failure(code, { syscall, path: text, cause: thrown, ...more });
    }
  }

  async #once<Result>(path: string, follow: boolean, operation: (found: Found) => Promise<Result>): Promise<Result> {
    try {
      return await operation(await walkPath(this.volume, path, this.call, { follow }));
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.code !== "ESTALE") throw thrown;
      return await operation(await walkPath(this.volume, path, this.call, { follow, afresh: true }));
    }
  }

  /** As `at`, for a path that must exist. */
  atNode<Result>(
    path: PathLike,
    syscall: string,
    follow: boolean,
    operation: (found: FoundNode) => Promise<Result>,
  ): Promise<Result> {
    return this.at(path, syscall, follow, (found) => operation(existing(found)));
  }

  /** As `at`, for a name that is to be made: it must end in a name, and the name must not exist. */
  atNewName<Result>(
    path: PathLike,
    syscall: string,
    operation: (found: Found) => Promise<Result>,
    dest?: string,
  ): Promise<Result> {
    return this.at(
      path,
      syscall,
      false,
      (found) => {
        if (found.node !== undefined) throw new Failure("EEXIST");
        if (found.wantsDirectory && syscall !== "mkdir") throw new Failure("ENOENT");
        return operation(found);
      },
      dest,
    );
  }

  attributes(path: PathLike, syscall: string, follow: boolean): Promise<Attributes> {
    return this.atNode(path, syscall, follow, ({ node }) => this.volume.getAttributes(node, this.call));
  }

  async open(path: PathLike, flagsGiven: string | number, mode: number): Promise<FileHandle> {
    const flags = parseOpenFlags(flagsGiven);
    const exclusive = (flags & openFlags.O_CREAT) !== 0 && (flags & openFlags.O_EXCL) !== 0;
    const follow = !exclusive && (flags & openFlags.O_NOFOLLOW) === 0;
    return this.at(path, "open", follow, async (found) => {
      const handle = await this.#openFound(found, flags, mode & ~this.umask, exclusive);
      return new FileHandle(this.volume, handle);
    });
  }

  async #openFound(
    found: Found,
    flags: number,
    mode: number,
    exclusive: boolean,
  ): ReturnType<CachedVolume["openNode"]> {
    const { parent, name, wantsDirectory } = found;
    let { node } = found;
    for (let attempt = 1; ; attempt++) {
      if (node !== undefined) {
        if (exclusive) throw new Failure("EEXIST");
        return this.volume.openNode(node, flags, this.call);
      }
      if ((flags & openFlags.O_CREAT) === 0) throw new Failure("ENOENT");
      if (wantsDirectory) throw new Failure("EISDIR");
      try {
        return await this.volume.createFile(parent, name, mode, flags, this.call);
      } catch (thrown) {
        // Somebody made it meanwhile: it is opened, unless it has gone again.
        if (!isCode(thrown, "EEXIST") || exclusive || attempt >= openAttemptsMax) throw thrown;
        node = await this.#findAgain(parent, name);
      }
    }
  }

  async #findAgain(parent: Node, name: string): Promise<Node | undefined> {
    try {
      return await this.volume.lookupAtStore(parent, name, this.call);
    } catch (thrown) {
      if (isCode(thrown, "ENOENT")) return undefined;
      throw thrown;
    }
  }
}

/** The walk's node, or ENOENT. */
export function existing(found: Found): FoundNode {
  const { node } = found;
  if (node === undefined) throw new Failure("ENOENT");
  return { ...found, node };
}

/** A name inside a directory; `/` and `..` are none. */
export function requireName(found: Found): string {
  if (found.name === "") throw new Failure("EBUSY", { detail: "the path ends in no name" });
  return found.name;
}

export function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Failure && thrown.code === code;
}
