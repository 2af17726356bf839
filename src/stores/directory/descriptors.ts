/**
 * The open descriptors of nodes. A held file keeps its descriptors, so it can be read and written after its name is gone;
 * a descriptor that writes is closed with the last hold for writing, so that programs can be run; descriptors that only
 * read stay for a while, the least recently used going first beyond `idleMax`, unless nothing leads to the node any more.
 * What is no regular file is named by a descriptor for as long as it is held.
 *
 *   closed --acquire (open as the server)--> in use --give back--> kept (held) or idle --evict--> closed
 *   kept, idle --acquire--> in use
 *   kept --the last hold goes--> idle, or closed where nothing leads to the node
 *
 * I1 A descriptor in use is never closed.
 * I2 `#idle` has exactly the nodes with a reader or writer that nobody holds and nobody uses.
 */
import { close, closeSync, constants } from "node:fs";
import { assert, Failure } from "../../base/index.ts";
import { openAt, openPathOnly, pathOfDescriptor, workingDirectory } from "../../system/index.ts";
import { checked, isRefusal } from "./authority.ts";
import type { DirectoryNode } from "./directory-node.ts";
import type { Locator } from "./locator.ts";
import type { NodeTable } from "./node-table.ts";

/** A node that turns out to be a fifo or device must not block the server or become its terminal. */
const careful = constants.O_NONBLOCK | constants.O_NOCTTY;

export class Descriptors {
  readonly #locator: Locator;
  readonly #table: NodeTable;
  readonly #idleMax: number;
  readonly #idle = new Set<DirectoryNode>();
  #isClosed = false;

  constructor(locator: Locator, table: NodeTable, idleMax: number) {
    this.#locator = locator;
    this.#table = table;
    this.#idleMax = idleMax;
    locator.makeRoom = () => this.#closeOldest();
  }

  /** A descriptor of a regular file for reading, or for writing; `giveBack` must follow. */
  acquire(node: DirectoryNode, purpose: "read" | "write", syscall: string): number {
    if (node.kind !== "file") throw new Failure(node.kind === "directory" ? "EISDIR" : "EINVAL", { syscall });
    this.#idle.delete(node);
    node.userCount++;
    try {
      return this.#descriptor(node, purpose, syscall);
    } catch (failure) {
      this.giveBack(node);
      throw failure;
    }
  }

  giveBack(node: DirectoryNode): void {
    assert(node.userCount > 0, "what is given back was acquired");
    node.userCount--;
    this.settle(node);
  }

  /** Closes what the node does not need any more, and forgets it where it is lost; called when a use or a hold ends. */
  settle(node: DirectoryNode): void {
    if (node.userCount > 0) return;
    if (this.#isClosed) {
      this.#closeAll(node);
      return;
    }
    if (node.writer !== undefined && node.writerCount === 0 && !this.#isFresh(node)) {
      this.#closeWriter(node, node.writer);
    }
    if (node.holdCount > 0) this.#idle.delete(node);
    else if (node.places.length === 0) {
      this.drop(node);
      this.#table.forgetIfLost(node);
    } else if (node.kind !== "file") {
      // It reads nothing, and whoever opens the node next needs a name that leads there.
      this.drop(node);
    } else if (node.reader !== undefined || node.writer !== undefined) {
      this.#idle.add(node);
      while (this.#idle.size > this.#idleMax) this.#evictOldest();
    }
  }

  /** Holds for reading go on with a descriptor of their own, which may be of a file without a name. */
  #closeWriter(node: DirectoryNode, writer: number): void {
    if (node.holdCount > 0 && node.reader === undefined) {
      const reader = openAt(workingDirectory, pathOfDescriptor(writer), constants.O_RDONLY | careful);
      if (reader < 0) return;
      node.reader = reader;
    }
    closeLater(writer);
    node.writer = undefined;
  }

  /** A file that was just made keeps its descriptor for the hold that follows. */
  #isFresh(node: DirectoryNode): boolean {
    return node.maker !== undefined;
  }

  /** Takes over the descriptor that made a file. */
  adopt(node: DirectoryNode, fd: number): void {
    if (node.writer !== undefined) closeLater(fd);
    else {
      node.writer = fd;
      node.writerReads = true;
    }
    this.settle(node);
  }

  /** Closes an unheld node's descriptors, because its last name is gone; what is in use is closed when its use ends. */
  drop(node: DirectoryNode): void {
    if (node.holdCount > 0 || node.userCount > 0) return;
    this.#idle.delete(node);
    this.#closeAll(node);
  }

  /** Opens what keeps a held node alive that is no regular file, given a descriptor that names it. */
  pin(node: DirectoryNode, named: number, syscall: string): void {
    const path = pathOfDescriptor(named);
    node.reader ??= checked(
      this.#locator.open(() => openAt(workingDirectory, path, openPathOnly)),
      syscall,
    );
  }

  #descriptor(node: DirectoryNode, purpose: "read" | "write", syscall: string): number {
    if (node.writer !== undefined && (purpose === "write" || node.writerReads)) return node.writer;
    if (purpose === "read") {
      node.reader ??= this.#open(node, constants.O_RDONLY, syscall);
      return node.reader;
    }
    try {
      node.writer = this.#open(node, constants.O_RDWR, syscall);
      node.writerReads = true;
    } catch (failure) {
      if (!isRefusal(failure)) throw failure;
      node.writer = this.#open(node, constants.O_WRONLY, syscall);
      node.writerReads = false;
    }
    return node.writer;
  }

  /** Opens as the server. */
  #open(node: DirectoryNode, flags: number, syscall: string): number {
    return this.#locator.use(node, syscall, (fd) => {
      const path = pathOfDescriptor(fd);
      return checked(
        this.#locator.open(() => openAt(workingDirectory, path, flags | careful)),
        syscall,
      );
    });
  }

  /** At once, for the descriptor is needed; whatever it leads to has to be freed here then. */
  #closeOldest(): boolean {
    const [oldest] = this.#idle;
    if (oldest === undefined) return false;
    for (const fd of [oldest.reader, oldest.writer]) if (fd !== undefined) closeSync(fd);
    oldest.reader = undefined;
    oldest.writer = undefined;
    this.#evictOldest();
    return true;
  }

  #evictOldest(): void {
    const [oldest] = this.#idle;
    if (oldest === undefined) return;
    this.#idle.delete(oldest);
    this.#closeAll(oldest);
    this.#table.forgetIfLost(oldest);
  }

  #closeAll(node: DirectoryNode): void {
    // Only a file can have storage to free.
    const give = node.kind === "file" ? closeLater : closeSync;
    if (node.reader !== undefined) give(node.reader);
    if (node.writer !== undefined) give(node.writer);
    node.reader = undefined;
    node.writer = undefined;
    node.maker = undefined;
    node.lastRead = undefined;
  }

  /** Closes everything that is not in use, and the rest when its use ends. */
  close(nodes: Iterable<DirectoryNode>): void {
    this.#isClosed = true;
    for (const node of nodes) if (node.userCount === 0) this.#closeAll(node);
    this.#idle.clear();
  }
}

/** Off the calling thread: the last close of an unlinked file frees its storage, which can take long. */
export function closeLater(fd: number): void {
  close(fd, () => {});
}
