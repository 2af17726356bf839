/**
 * From a node to a descriptor that names it, and never to anything outside the root: the whole path is opened beneath the
 * root's descriptor with no symbolic link on the way, then the identity of what was found is compared. Other file systems
 * mounted inside the root belong to it. A node that is not where it was seen is looked for in the directory it was in;
 * beyond that its id is stale until a lookup meets it again.
 *
 * A held directory is found without a name, or behind one that may not be searched any more, by the descriptor that is kept of
 * it; so is what is in it. That is as good as the way from the root while the kernel says that it is below the root.
 */
import { closeSync, constants, readlinkSync } from "node:fs";
import { codeOfErrno, encodeFileName, Failure } from "../../base/index.ts";
import {
  type FileStatus,
  lastErrno,
  nextDirectoryEntries,
  openAt,
  openBeneath,
  openPathOnly,
  pathOfDescriptor,
  statusAt,
  statusOf,
  statusOfPath,
  workingDirectory,
} from "../../system/index.ts";
import { identityOf, kindOf } from "./attributes.ts";
import { isRefusal } from "./authority.ts";
import type { DirectoryNode, Place } from "./directory-node.ts";
import { type NodeTable, pathOf } from "./node-table.ts";

const nodeOnly = openPathOnly | constants.O_NOFOLLOW;
const directoryOnly = openPathOnly | constants.O_NOFOLLOW | constants.O_DIRECTORY;
/** Paths for one call are shorter than PATH_MAX; longer ones are opened in pieces. */
const pathBytesMax = 4000;
/** How many entries of a directory are searched for a node that was renamed in it. */
const searchedEntriesMax = 20_000;
const slash = Buffer.from("/");
const wanderErrors: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EXDEV", "ESTALE"]);

/** A descriptor that names a node, and what the node was when it was opened. */
export interface Located {
  readonly fd: number;
  readonly status: FileStatus;
  /** Whether the descriptor was opened for this one use. */
  readonly isTemporary: boolean;
}

export class Locator {
  readonly #table: NodeTable;
  readonly #rootPath: Uint8Array;
  readonly #rootName: string;
  readonly #staysWithRoot: boolean;
  #rootFd: number | undefined;
  #isClosed = false;
  /** Closes a descriptor that nobody needs now; false when there is none. */
  makeRoom: () => boolean = () => false;

  constructor(table: NodeTable, rootPath: string, staysWithRoot: boolean) {
    this.#table = table;
    this.#staysWithRoot = staysWithRoot;
    this.#rootName = rootPath;
    this.#rootPath = encodeFileName(`${rootPath}\0`);
  }

  /** Runs `act` with a descriptor of the node; it is closed afterwards. `act` must not await. */
  use<Result>(node: DirectoryNode, syscall: string, act: (fd: number, status: FileStatus) => Result): Result {
    const located = this.locate(node, syscall);
    try {
      return act(located.fd, located.status);
    } finally {
      if (located.isTemporary) closeSync(located.fd);
    }
  }

  /** What `call` opens, or below zero; where the process has no descriptors left, those that nobody needs are given up first. */
  open(call: () => number): number {
    for (;;) {
      const fd = call();
      if (fd >= 0 || codeOfErrno(lastErrno()) !== "EMFILE" || !this.makeRoom()) return fd;
    }
  }

  /** A descriptor that names the node; ESTALE when it is nowhere to be found. */
  locate(node: DirectoryNode, syscall: string): Located {
    const pinned = node.holdCount > 0 && node.kind !== "directory" ? (node.writer ?? node.reader) : undefined;
    if (pinned !== undefined) return { fd: pinned, status: statusOrFail(pinned, syscall), isTemporary: false };
    const rootFd = this.#root(syscall);
    if (node === this.#table.root) return { fd: rootFd, status: statusOrFail(rootFd, syscall), isTemporary: false };
    let refusal: Failure | undefined;
    try {
      const found = this.#openPlaces(node, rootFd, syscall) ?? this.#search(node, rootFd, syscall);
      if (found !== undefined) return found;
    } catch (failure) {
      if (!isRefusal(failure)) throw failure;
      refusal = failure;
    }
    const fd = keptDescriptor(node, rootFd);
    if (fd === undefined) throw refusal ?? new Failure("ESTALE", { syscall });
    return { fd, status: statusOrFail(fd, syscall), isTemporary: false };
  }

  /** A place that a server without privileges may not reach is only told of when no other leads to the node. */
  #openPlaces(node: DirectoryNode, rootFd: number, syscall: string): Located | undefined {
    let refusal: Failure | undefined;
    for (let at = node.places.length - 1; at >= 0; at--) {
      const place = node.places[at] as Place;
      let fd: number | undefined;
      try {
        fd = this.#open(place, rootFd, syscall);
      } catch (failure) {
        if (!isRefusal(failure)) throw failure;
        refusal = failure;
      }
      if (fd === undefined) continue;
      const status = statusOf(fd);
      if (status !== undefined && identityOf(status) === node.identity) return { fd, status, isTemporary: true };
      closeSync(fd);
    }
    if (refusal !== undefined) throw refusal;
    return undefined;
  }

  /** Opens a place beneath the root; undefined when it is not there, a `Failure` when that cannot be told. */
  #open(place: Place, rootFd: number, syscall: string): number | undefined {
    try {
      return this.#openBeneath(this.#table.root, rootFd, place, syscall);
    } catch (failure) {
      if (!isRefusal(failure)) throw failure;
      for (let at: DirectoryNode | undefined = place.parent; at !== undefined; at = at.places.at(-1)?.parent) {
        const kept = keptDescriptor(at, rootFd);
        if (kept !== undefined) return this.#openBeneath(at, kept, place, syscall);
      }
      throw failure;
    }
  }

  #openBeneath(above: DirectoryNode, aboveFd: number, place: Place, syscall: string): number | undefined {
    let path = pathOf(place, above);
    if (path === undefined) return undefined;
    let from = aboveFd;
    while (path.length > pathBytesMax) {
      const cut = path.lastIndexOf(0x2f, pathBytesMax);
      const piece = path.slice(0, cut + 1);
      piece[cut] = 0;
      const next = this.#step(from, piece, directoryOnly, aboveFd, syscall);
      if (next === undefined) return undefined;
      from = next;
      path = path.subarray(cut + 1);
    }
    return this.#step(from, path, nodeOnly, aboveFd, syscall);
  }

  /** Opens one piece of a path and closes what the piece was relative to, unless the path began there. */
  #step(from: number, path: Uint8Array, flags: number, start: number, syscall: string): number | undefined {
    try {
      const fd = this.open(() => openBeneath(from, path, flags));
      return fd < 0 ? absent(syscall) : fd;
    } finally {
      if (from !== start) closeSync(from);
    }
  }

  /** Looks for the node's new name in the directories where it was last seen; what is not there any more is forgotten. */
  #search(node: DirectoryNode, rootFd: number, syscall: string): Located | undefined {
    for (const place of [...node.places]) {
      const found = this.#searchIn(place, node, syscall);
      if (found === "unreachable") continue;
      this.#table.forgetPlace(node, place.parent, place.name);
      if (found === undefined) continue;
      this.#table.meet(place.parent, found.name, found.status);
      const located = this.#openPlaces(node, rootFd, syscall);
      if (located !== undefined) return located;
    }
    this.#table.forgetIfLost(node);
    return undefined;
  }

  #searchIn(
    { parent, name }: Place,
    node: DirectoryNode,
    syscall: string,
  ): { readonly name: Uint8Array; readonly status: FileStatus } | "unreachable" | undefined {
    try {
      return this.use(parent, syscall, (fd) => nameOfNode(fd, node, name));
    } catch (failure) {
      if (failure instanceof Failure && failure.code === "ESTALE") return "unreachable";
      throw failure;
    }
  }

  /** The root's descriptor. The directory may have gone, which is ESTALE until it, or another in its place, is there. */
  #root(syscall: string): number {
    if (this.#isClosed) throw new Failure("EBADF", { syscall, detail: "the store is closed" });
    if (this.#staysWithRoot && this.#rootFd !== undefined) return this.#rootFd;
    const status = statusOfPath(this.#rootPath);
    const isThere = status !== undefined && kindOf(status) === "directory";
    if (isThere && this.#rootFd !== undefined && identityOf(status) === this.#table.root.identity) return this.#rootFd;
    this.#leaveRoot();
    if (isThere) {
      const fd = openAt(workingDirectory, this.#rootPath, openPathOnly | constants.O_DIRECTORY);
      const opened = fd < 0 ? undefined : statusOf(fd);
      if (opened !== undefined) {
        this.#rootFd = fd;
        this.#table.root.identity = identityOf(opened);
        this.#table.rootDevice ??= opened.device;
        return fd;
      }
    }
    throw new Failure("ESTALE", { syscall, detail: `the store's directory ${this.#rootName} is gone` });
  }

  /** What waited for its turn meanwhile finds no way any more: another file system may be at the root's path by then. */
  close(): void {
    this.#isClosed = true;
    this.#leaveRoot();
  }

  #leaveRoot(): void {
    if (this.#rootFd !== undefined) closeSync(this.#rootFd);
    this.#rootFd = undefined;
  }
}

/** The name that a directory has for a node now: perhaps the one it had, for the directory itself may have been moved. */
function nameOfNode(
  directory: number,
  node: DirectoryNode,
  lastName: Uint8Array,
): { readonly name: Uint8Array; readonly status: FileStatus } | undefined {
  const there = statusAt(directory, lastName);
  if (there !== undefined && identityOf(there) === node.identity) return { name: lastName, status: there };
  const fd = openAt(workingDirectory, pathOfDescriptor(directory), constants.O_RDONLY | constants.O_DIRECTORY);
  if (fd < 0) return undefined;
  try {
    for (let searched = 0; searched < searchedEntriesMax; ) {
      const entries = nextDirectoryEntries(fd);
      if (entries === undefined || entries.length === 0) return undefined;
      for (const entry of entries) {
        if (entry.inode !== node.inode) continue;
        const name = withNul(entry.name);
        const status = statusAt(directory, name);
        if (status !== undefined && identityOf(status) === node.identity) return { name, status };
      }
      searched += entries.length;
    }
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** The bytes with the NUL that system calls want behind them. */
export function withNul(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length + 1);
  result.set(bytes);
  return result;
}

/** What names a held node that is no regular file, unless others have moved it out of the root. */
function keptDescriptor(node: DirectoryNode, rootFd: number): number | undefined {
  if (node.holdCount === 0 || node.reader === undefined) return undefined;
  const root = kernelPathOf(rootFd);
  const isBelow = root.equals(slash) || kernelPathOf(node.reader).indexOf(Buffer.concat([root, slash])) === 0;
  return isBelow ? node.reader : undefined;
}

/** The path that the kernel has for a descriptor; what was removed is still below where it was. */
function kernelPathOf(fd: number): Buffer {
  return readlinkSync(`/proc/self/fd/${fd}`, { encoding: "buffer" });
}

function absent(syscall: string): undefined {
  const code = codeOfErrno(lastErrno());
  if (wanderErrors.has(code)) return undefined;
  throw new Failure(code, { syscall });
}

function statusOrFail(fd: number, syscall: string): FileStatus {
  const status = statusOf(fd);
  if (status === undefined) throw new Failure(codeOfErrno(lastErrno()), { syscall });
  return status;
}
