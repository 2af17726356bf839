/**
 * Holds: who has a file open, and whether that right still stands. The right was granted under a mode, owner and group;
 * when somebody else than this store changes one of them, it ends, and they decide again. The right to read and the right to
 * write are two, each with its count.
 *
 *   (none) --acquire--> standing --notice (changed by others)--> ended --acquire of the same right--> standing
 *   standing, ended --release, the last of its count--> (none)
 */
import { assert, Failure } from "../../base/index.ts";
import { type AccessMode, type Credential, readAccess, writeAccess } from "../../port/index.ts";
import type { FileStatus } from "../../system/index.ts";
import type { Authority } from "./authority.ts";
import type { Descriptors } from "./descriptors.ts";
import type { DirectoryHold, DirectoryNode } from "./directory-node.ts";
import type { Locator } from "./locator.ts";

const access = { read: readAccess, write: writeAccess } as const;

export class Holds {
  readonly #authority: Authority;
  readonly #descriptors: Descriptors;
  readonly #locator: Locator;

  constructor(authority: Authority, descriptors: Descriptors, locator: Locator) {
    this.#authority = authority;
    this.#descriptors = descriptors;
    this.#locator = locator;
  }

  acquire(node: DirectoryNode, mode: AccessMode, credential: Credential): void {
    if (mode.write && node.kind !== "file") {
      throw new Failure(node.kind === "directory" ? "EISDIR" : "EINVAL", { syscall: "open" });
    }
    this.#locator.use(node, "open", (fd, status) => {
      this.notice(node, status);
      const { maker } = node;
      const isMaker = maker?.credentialId === credential.id && maker.grant === grantOf(status);
      if (!isMaker) this.#authority.requireAccess(credential, "open", fd, status, mode);
      if (node.kind !== "file") this.#descriptors.pin(node, fd, "open");
      node.grantedUnder ??= grantOf(status);
    });
    try {
      if (node.kind === "file") this.#open(node, mode);
    } catch (failure) {
      if (node.holdCount === 0) node.grantedUnder = undefined;
      this.#descriptors.settle(node);
      throw failure;
    }
    node.maker = undefined;
    let hold = node.holds.get(credential.id);
    if (hold === undefined) {
      hold = { readers: 0, writers: 0, readEnded: false, writeEnded: false };
      node.holds.set(credential.id, hold);
    }
    // What was asked for anew is good again, and nothing else.
    if (mode.read || mode.execute) hold.readEnded = false;
    if (mode.write) hold.writeEnded = false;
    this.#count(node, hold, mode, 1);
    this.#descriptors.settle(node);
  }

  /** The next hold is granted to the maker whatever the mode says, unless somebody else has changed who may do what by then. */
  made(node: DirectoryNode, status: FileStatus, { id }: Credential): void {
    node.maker = { credentialId: id, grant: grantOf(status) };
  }

  /** Opens what the hold of a file needs; the node is marked as used so that nothing closes it meanwhile. */
  #open(node: DirectoryNode, mode: AccessMode): void {
    this.#descriptors.acquire(node, mode.write ? "write" : "read", "open");
    try {
      if (mode.write && mode.read && !node.writerReads) {
        this.#descriptors.acquire(node, "read", "open");
        this.#descriptors.giveBack(node);
      }
    } finally {
      node.userCount--;
    }
  }

  release(node: DirectoryNode, mode: AccessMode, credential: Credential): void {
    const hold = node.holds.get(credential.id);
    assert(hold !== undefined, "only what is held is released");
    this.#count(node, hold, mode, -1);
    assert(hold.readers >= 0 && hold.writers >= 0, "a hold is released once");
    if (hold.readers === 0 && hold.writers === 0) node.holds.delete(credential.id);
    if (node.holdCount === 0) node.grantedUnder = undefined;
    this.#descriptors.settle(node);
  }

  #count(node: DirectoryNode, hold: { readers: number; writers: number }, mode: AccessMode, by: number): void {
    if (mode.write) {
      hold.writers += by;
      node.writerCount += by;
    }
    if (!mode.write || mode.read || mode.execute) hold.readers += by;
    node.holdCount += by;
  }

  /** Compares a fresh status with what the holds were granted under; a difference was made by somebody else. */
  notice(node: DirectoryNode, status: FileStatus): void {
    if (node.grantedUnder === undefined) return;
    const grant = grantOf(status);
    if (grant === node.grantedUnder) return;
    node.grantedUnder = grant;
    for (const hold of node.holds.values()) {
      hold.readEnded = true;
      hold.writeEnded = true;
    }
  }

  /** After a change by this store itself: what was granted stays granted. */
  adopt(node: DirectoryNode, status: FileStatus): void {
    if (node.grantedUnder !== undefined) node.grantedUnder = grantOf(status);
  }

  /** Rejects with EACCES unless the credential holds the right, or the mode bits give it. */
  require(
    node: DirectoryNode,
    purpose: "read" | "write",
    credential: Credential,
    fd: number,
    status: FileStatus,
    syscall: string,
  ): void {
    this.notice(node, status);
    const hold = node.holds.get(credential.id);
    const isHeld = hold !== undefined && stands(hold, purpose);
    if (!isHeld) this.#authority.requireAccess(credential, syscall, fd, status, access[purpose]);
  }

  /** The same as a question. */
  permits(
    node: DirectoryNode,
    purpose: "read" | "write",
    credential: Credential,
    fd: number,
    status: FileStatus,
  ): boolean {
    try {
      this.require(node, purpose, credential, fd, status, "access");
      return true;
    } catch (failure) {
      if (failure instanceof Failure && (failure.code === "EACCES" || failure.code === "EROFS")) return false;
      throw failure;
    }
  }
}

function stands(hold: DirectoryHold, purpose: "read" | "write"): boolean {
  return purpose === "read" ? hold.readers > 0 && !hold.readEnded : hold.writers > 0 && !hold.writeEnded;
}

/** Mode, owner and group: what a right is granted under. The kernel takes set-id bits away by itself; they do not count. */
function grantOf(status: FileStatus): string {
  return `${status.mode & 0o777}.${status.uid}.${status.gid}`;
}
