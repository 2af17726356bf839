/**
 * The place where the files of memory stores live: a node table, a tree of names, and the listeners of the clients. It
 * knows no permissions (the clients' operations check them); it keeps the tree whole and tells every client what the
 * others changed.
 *
 * I1 A node is in the table while its link count is above zero or something holds it.
 * I2 `storedBytes` is the sum of the stored bytes of all contents in the table.
 * I3 A directory's link count is 2 plus the number of directories in it; 0 once it is removed.
 */
import { assert, type ByteCount, type Clock, Failure, systemClock } from "../../base/index.ts";
import type { NodeId, NodeKind, StoreChange } from "../../port/index.ts";
import type { MemoryKeys } from "./memory-keys.ts";
import type { MemoryNode } from "./memory-node.ts";
import { SparseContent } from "./sparse-content.ts";

export interface MemoryServerOptions {
  /** Where time stamps come from. Default: the machine's clock. */
  readonly clock?: Clock;
  /** The most bytes that all files together may store; more is ENOSPC. Default: 2^53 - 1. */
  readonly capacityBytes?: ByteCount;
  /** The most nodes; more is ENOSPC. Default: ten million. */
  readonly nodesMax?: number;
  /** Mode bits of the root directory. Default: 0o755. */
  readonly rootMode?: number;
  /** Nobody but the superuser is let in without one of these. Default: everybody is. */
  readonly keys?: MemoryKeys;
}

/** What a client of the server is to it: someone to tell of others' changes. */
export interface MemoryClient {
  readonly listeners: Set<(change: StoreChange) => void>;
}

export class MemoryServer {
  readonly clock: Clock;
  readonly capacityBytes: ByteCount;
  readonly nodesMax: number;
  readonly keys: MemoryKeys | undefined;

  readonly root: MemoryNode;
  readonly #nodes = new Map<NodeId, MemoryNode>();
  readonly #clients = new Set<MemoryClient>();
  #nextInode = 1n;
  #storedBytes: ByteCount = 0;
  #crashCount = 0;

  constructor(options: MemoryServerOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.capacityBytes = options.capacityBytes ?? Number.MAX_SAFE_INTEGER;
    this.nodesMax = options.nodesMax ?? 10_000_000;
    this.keys = options.keys;
    this.root = this.makeNode("directory", { mode: options.rootMode ?? 0o755, uid: 0, gid: 0 });
    this.root.linkCount = 2;
    this.root.parent = this.root;
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  get storedBytes(): ByteCount {
    return this.#storedBytes;
  }

  /** How many times the server lost what was not durable. */
  get crashCount(): number {
    return this.#crashCount;
  }

  connect(client: MemoryClient): void {
    this.#clients.add(client);
  }

  disconnect(client: MemoryClient): void {
    this.#clients.delete(client);
  }

  /** The node of an id; ESTALE when it is gone. */
  node(id: NodeId, syscall: string): MemoryNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Failure("ESTALE", { syscall });
    return node;
  }

  /** A node in the table that has no name yet. */
  makeNode(
    kind: NodeKind,
    rights: { readonly mode: number; readonly uid: number; readonly gid: number },
    special: { readonly target?: string; readonly device?: number } = {},
  ): MemoryNode {
    if (this.#nodes.size >= this.nodesMax) throw new Failure("ENOSPC", { detail: "no nodes left" });
    const inode = this.#nextInode++;
    const now = this.clock.wallTimeNs();
    const node: MemoryNode = {
      id: inode.toString(36),
      inode,
      kind,
      device: special.device ?? 0,
      birthTimeNs: now,
      mode: rights.mode,
      uid: rights.uid,
      gid: rights.gid,
      linkCount: 0,
      accessTimeNs: now,
      modifyTimeNs: now,
      changeTimeNs: now,
      contentVersion: 1,
      content: kind === "file" ? { bytes: new SparseContent(), durable: undefined } : undefined,
      entries: kind === "directory" ? new Map() : undefined,
      parent: undefined,
      target: special.target,
      extendedAttributes: new Map(),
      holds: new Set(),
      maker: undefined,
    };
    this.#nodes.set(node.id, node);
    return node;
  }

  /** Gives `child` the name in `directory`; the name is free. */
  attach(directory: MemoryNode, name: string, child: MemoryNode): void {
    const entries = entriesOf(directory);
    assert(!entries.has(name), "a name is given once");
    entries.set(name, child);
    if (child.entries !== undefined) {
      child.parent = directory;
      directory.linkCount++;
      child.linkCount = Math.max(child.linkCount, 2);
    } else {
      child.linkCount++;
    }
    this.#entriesChanged(directory);
  }

  /** Takes the name from its node; the node lives on. A directory keeps its own link count: it is moved, or dropped next. */
  detach(directory: MemoryNode, name: string): MemoryNode {
    const entries = entriesOf(directory);
    const child = entries.get(name);
    assert(child !== undefined, "a name that is taken away is there");
    entries.delete(name);
    if (child.entries !== undefined) directory.linkCount--;
    else child.linkCount--;
    this.#entriesChanged(directory);
    return child;
  }

  #entriesChanged(directory: MemoryNode): void {
    directory.contentVersion++;
    directory.modifyTimeNs = this.clock.wallTimeNs();
    directory.changeTimeNs = directory.modifyTimeNs;
  }

  /** Drops the node when nothing names or holds it any more. */
  dropIfUnused(node: MemoryNode): void {
    if (node.linkCount > 0 || node.holds.size > 0) return;
    if (this.#nodes.delete(node.id)) this.#storedBytes -= node.content?.bytes.storedBytes ?? 0;
  }

  /** Runs a change of a file's content, keeping count of the storage and of the version. */
  changeContent<Result>(node: MemoryNode, change: (bytes: SparseContent) => Result): Result {
    const content = node.content;
    assert(content !== undefined, "only files have content");
    const before = content.bytes.storedBytes;
    const result = change(content.bytes);
    this.#storedBytes += content.bytes.storedBytes - before;
    node.contentVersion++;
    node.modifyTimeNs = this.clock.wallTimeNs();
    node.changeTimeNs = node.modifyTimeNs;
    return result;
  }

  /** Rejects with ENOSPC when a file may not grow by so many stored bytes. */
  requireSpace(growthBytes: ByteCount, syscall: string): void {
    if (this.#storedBytes + growthBytes > this.capacityBytes) throw new Failure("ENOSPC", { syscall });
  }

  /** Loses every write that was answered as volatile and not committed since, as a server does that loses its power. */
  crash(): void {
    this.#crashCount++;
    for (const node of this.#nodes.values()) {
      const content = node.content;
      if (content?.durable === undefined) continue;
      const durable = content.durable;
      content.durable = undefined;
      this.changeContent(node, () => {});
      this.#storedBytes += durable.storedBytes - content.bytes.storedBytes;
      content.bytes = durable;
      this.tell(undefined, node, "content");
    }
  }

  /** Tells every client but the one that made the change. Reports arrive after the operation, as over a network. */
  tell(by: MemoryClient | undefined, node: MemoryNode, what: StoreChange["what"]): void {
    for (const client of this.#clients) {
      if (client === by || client.listeners.size === 0) continue;
      const change: StoreChange = { node: node.id, what };
      void Promise.resolve().then(() => {
        for (const listener of client.listeners) listener(change);
      });
    }
  }

  /** What every listener may rely on, checked by tests after each step. */
  checkInvariants(): void {
    let stored = 0;
    for (const node of this.#nodes.values()) {
      assert(node.linkCount > 0 || node.holds.size > 0, "a node in the table is named or held");
      node.content?.bytes.checkInvariants();
      stored += node.content?.bytes.storedBytes ?? 0;
      if (node.entries === undefined || node.linkCount === 0) continue;
      const directories = [...node.entries.values()].filter((child) => child.kind === "directory").length;
      assert(node.linkCount === 2 + directories, "a directory's links are counted");
    }
    assert(stored === this.#storedBytes, "stored bytes are the sum of all contents");
  }
}

/** The names in a directory; ENOTDIR for any other node. */
export function entriesOf(node: MemoryNode, syscall?: string): Map<string, MemoryNode> {
  if (node.entries === undefined) throw new Failure("ENOTDIR", syscall === undefined ? {} : { syscall });
  return node.entries;
}
