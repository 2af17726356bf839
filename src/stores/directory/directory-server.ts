/** The parts of the directory store that its operations share, and one operation's view of them. */
import { Failure } from "../../base/index.ts";
import { type Call, type Credential, requireName, type StoreEntry } from "../../port/index.ts";
import type { FileStatus } from "../../system/index.ts";
import { attributesOf } from "./attributes.ts";
import { Authority } from "./authority.ts";
import { Descriptors } from "./descriptors.ts";
import type { DirectoryNode } from "./directory-node.ts";
import { Holds } from "./holds.ts";
import { Locator, withNul } from "./locator.ts";
import { NodeTable } from "./node-table.ts";

export const nameBytesMax = 255;

export interface DirectoryServerOptions {
  /** The most nodes remembered; the ids of others are stale until they are looked up again. Default: a million. */
  readonly nodesMax?: number;
  /** The most descriptors kept open of files that nobody holds. Default: 256. */
  readonly idleDescriptorsMax?: number;
  /**
   * Whether the store stays with the directory that it was opened on, whatever has its path later. Default false: it goes on
   * with a directory that was put in the place of a removed one.
   */
  readonly staysWithRoot?: boolean;
}

export class DirectoryServer {
  readonly table: NodeTable;
  readonly locator: Locator;
  readonly authority: Authority;
  readonly descriptors: Descriptors;
  readonly holds: Holds;

  constructor(rootPath: string, options: DirectoryServerOptions) {
    this.table = new NodeTable(options.nodesMax ?? 1_000_000);
    this.locator = new Locator(this.table, rootPath, options.staysWithRoot ?? false);
    this.authority = new Authority();
    this.descriptors = new Descriptors(this.locator, this.table, options.idleDescriptorsMax ?? 256);
    this.holds = new Holds(this.authority, this.descriptors, this.locator);
  }

  /** Runs `act` with a descriptor of a directory; ENOTDIR for any other node. `act` must not await. */
  inDirectory<Result>(node: DirectoryNode, syscall: string, act: (fd: number, status: FileStatus) => Result): Result {
    if (node.kind !== "directory") throw new Failure("ENOTDIR", { syscall });
    return this.locator.use(node, syscall, act);
  }

  /** The node seen under a name, as the answer to a lookup. */
  entry(parent: DirectoryNode, name: Uint8Array, status: FileStatus): StoreEntry {
    const node = this.table.meet(parent, name, status);
    this.holds.notice(node, status);
    return { node: node.id, attributes: attributesOf(status) };
  }

  close(): void {
    this.descriptors.close(this.table.nodes());
    this.locator.close();
  }
}

/** The bytes of a name, with a NUL, after it was found to be one. */
export function nameBytes(name: string, syscall: string): Uint8Array {
  return withNul(requireName(name, nameBytesMax, syscall));
}

/** EINTR when nobody waits for the answer any more; otherwise the credential. */
export function started(call: Call, syscall: string): Credential {
  if (call.signal.aborted) throw new Failure("EINTR", { syscall });
  return call.credential;
}
