/**
 * A client of a memory server: the store port over it. Every operation runs to its end without yielding, so the server's
 * state is whole between operations; answers arrive through promises as those of any store do.
 */
import { assert, type ByteCount, type ByteOffset, Failure } from "../../base/index.ts";
import {
  type AccessMode,
  type AttributeChanges,
  type Attributes,
  type Call,
  type ChangedAttributes,
  type Credential,
  type DirectoryEntry,
  type FileSystemStatistics,
  type NodeId,
  type NodeKind,
  type ReadResult,
  type RenameMode,
  requireAccess,
  requireName,
  rightsAfter,
  type Store,
  type StoreChange,
  type StoreEntry,
  type StoreManifest,
  type Version,
  type WriteResult,
} from "../../port/index.ts";
import * as content from "./content.ts";
import * as extendedAttributes from "./extended-attributes.ts";
import { acquireHold, endHolds, mayRead, mayWrite, releaseAllHolds, releaseHold } from "./hold.ts";
import { attributesOf, type MemoryNode, versionOf } from "./memory-node.ts";
import { entriesOf, type MemoryClient, MemoryServer } from "./memory-server.ts";
import * as names from "./names.ts";

export interface MemoryStoreOptions {
  /** Whether writes at another version than expected are refused. Default: true. */
  readonly conditionalWrites?: boolean;
  /** How many writes to one file may be under way at once; above 1 only without conditional writes. Default: 1. */
  readonly parallelWrites?: number;
  /** Whether an answered write survives `MemoryServer.crash` at once, or only after `commit`. Default: "stable". */
  readonly durability?: "stable" | "volatile";
  /** The most bytes one write may carry. Default: 16 MiB. */
  readonly writeBytesMax?: ByteCount;
  /** Whether `watch` reports other clients' changes. Default: true. */
  readonly reportsChanges?: boolean;
  /** Whether `tryRead` is there: reads are then answered in the same turn. Default: false, as stores that are far away. */
  readonly readsAtOnce?: boolean;
}

/** A new client of the server; without one, of a server of its own. */
export function memoryStore(server: MemoryServer = new MemoryServer(), options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(server, options);
}

class MemoryStore implements Store, MemoryClient {
  readonly manifest: StoreManifest;
  readonly tryRead?: NonNullable<Store["tryRead"]>;
  readonly listeners: Set<(change: StoreChange) => void> = new Set();
  readonly #server: MemoryServer;
  readonly #terms: content.WriteTerms;
  readonly #held = new Set<MemoryNode>();
  /** Files with answered writes that are not committed, and the server's crash count when the first was answered. */
  readonly #uncommitted = new WeakMap<MemoryNode, number>();

  constructor(server: MemoryServer, options: MemoryStoreOptions) {
    const conditional = options.conditionalWrites ?? true;
    const parallelWrites = options.parallelWrites ?? 1;
    assert(!conditional || parallelWrites === 1, "conditional writes follow each other");
    this.#server = server;
    this.#terms = { conditional, durability: options.durability ?? "stable" };
    this.manifest = {
      name: "memory",
      readBytesMax: 16 * 1024 * 1024,
      writeBytesMax: options.writeBytesMax ?? 16 * 1024 * 1024,
      nameBytesMax: 255,
      durability: this.#terms.durability,
      conditionalWrites: conditional,
      parallelWrites,
      reportsChanges: options.reportsChanges ?? true,
      hardLinks: true,
      symbolicLinks: true,
      specialNodes: true,
      extendedAttributes: true,
      holes: true,
    };
    if (options.readsAtOnce === true) this.tryRead = (...read) => this.#readAtOnce(...read);
    server.connect(this);
  }

  async root(call: Call): Promise<StoreEntry> {
    this.#start(call, "root");
    return entryOf(this.#server.root);
  }

  async lookup(parent: NodeId, name: string, call: Call): Promise<StoreEntry> {
    const actor = this.#start(call, "lookup");
    requireName(name, this.manifest.nameBytesMax, "lookup");
    return entryOf(names.find(this.#server.node(parent, "lookup"), name, actor));
  }

  async getAttributes(node: NodeId, call: Call): Promise<Attributes> {
    this.#start(call, "getattr");
    return attributesOf(this.#server.node(node, "getattr"));
  }

  async setAttributes(id: NodeId, changes: AttributeChanges, call: Call): Promise<ChangedAttributes> {
    const actor = this.#start(call, "setattr");
    const node = this.#server.node(id, "setattr");
    const previous = versionOf(node);
    const writes = (): boolean => mayWrite(node, this, call.credential);
    const rights = rightsAfter(node, changes, call.credential, writes);
    if (changes.size !== undefined) {
      content.resizeContent(node, changes.size, this.#terms, actor);
      this.#noteUncommitted(node);
    }
    const changesRights = rights.mode !== node.mode || rights.uid !== node.uid || rights.gid !== node.gid;
    node.mode = rights.mode;
    node.uid = rights.uid;
    node.gid = rights.gid;
    if (changes.mode !== undefined || changesRights) node.maker = undefined;
    if (changesRights) endHolds(node, this);
    const now = this.#server.clock.wallTimeNs();
    if (changes.accessTimeNs !== undefined)
      node.accessTimeNs = changes.accessTimeNs === "now" ? now : changes.accessTimeNs;
    if (changes.modifyTimeNs !== undefined)
      node.modifyTimeNs = changes.modifyTimeNs === "now" ? now : changes.modifyTimeNs;
    node.changeTimeNs = now;
    this.#server.tell(this, node, "attributes");
    return { ...attributesOf(node), previous };
  }

  async access(node: NodeId, mode: AccessMode, call: Call): Promise<void> {
    this.#start(call, "access");
    requireAccess(this.#server.node(node, "access"), mode, call.credential, "access");
  }

  async readLink(node: NodeId, call: Call): Promise<string> {
    this.#start(call, "readlink");
    const target = this.#server.node(node, "readlink").target;
    if (target === undefined) throw new Failure("EINVAL", { syscall: "readlink" });
    return target;
  }

  async list(directory: NodeId, call: Call): Promise<readonly DirectoryEntry[]> {
    this.#start(call, "readdir");
    const node = this.#server.node(directory, "readdir");
    const entries = entriesOf(node, "readdir");
    if (!mayRead(node, this, call.credential)) throw new Failure("EACCES", { syscall: "readdir" });
    return Array.from(entries, ([name, child]) => ({ name, kind: child.kind, inode: child.inode }));
  }

  async createFile(parent: NodeId, name: string, mode: number, call: Call): Promise<StoreEntry> {
    return this.#make(parent, name, "file", mode, {}, call);
  }

  async makeDirectory(parent: NodeId, name: string, mode: number, call: Call): Promise<StoreEntry> {
    return this.#make(parent, name, "directory", mode & 0o1777, {}, call);
  }

  async makeSymbolicLink(parent: NodeId, name: string, target: string, call: Call): Promise<StoreEntry> {
    if (target === "") throw new Failure("ENOENT", { syscall: "symlink" });
    return this.#make(parent, name, "symbolicLink", 0o777, { target }, call);
  }

  async makeSpecial(
    parent: NodeId,
    name: string,
    kind: NodeKind,
    mode: number,
    device: number,
    call: Call,
  ): Promise<StoreEntry> {
    if (kind === "directory" || kind === "symbolicLink") throw new Failure("EINVAL", { syscall: "mknod" });
    const isDevice = kind === "characterDevice" || kind === "blockDevice";
    if (isDevice && call.credential.uid !== 0) throw new Failure("EPERM", { syscall: "mknod" });
    return this.#make(parent, name, kind, mode, { device: isDevice ? device : 0 }, call);
  }

  #make(
    parent: NodeId,
    name: string,
    kind: NodeKind,
    mode: number,
    special: { readonly target?: string; readonly device?: number },
    call: Call,
  ): StoreEntry {
    const actor = this.#start(call, "create");
    requireName(name, this.manifest.nameBytesMax, "create");
    return entryOf(names.make(this.#server.node(parent, "create"), name, kind, mode, special, actor));
  }

  async link(node: NodeId, parent: NodeId, name: string, call: Call): Promise<Attributes> {
    const actor = this.#start(call, "link");
    requireName(name, this.manifest.nameBytesMax, "link");
    const linked = this.#server.node(node, "link");
    names.link(linked, this.#server.node(parent, "link"), name, actor);
    return attributesOf(linked);
  }

  async remove(parent: NodeId, name: string, call: Call): Promise<void> {
    const actor = this.#start(call, "unlink");
    requireName(name, this.manifest.nameBytesMax, "unlink");
    names.remove(this.#server.node(parent, "unlink"), name, actor);
  }

  async removeDirectory(parent: NodeId, name: string, call: Call): Promise<void> {
    const actor = this.#start(call, "rmdir");
    requireName(name, this.manifest.nameBytesMax, "rmdir");
    names.removeDirectory(this.#server.node(parent, "rmdir"), name, actor);
  }

  async rename(
    fromParent: NodeId,
    fromName: string,
    toParent: NodeId,
    toName: string,
    mode: RenameMode,
    call: Call,
  ): Promise<void> {
    const actor = this.#start(call, "rename");
    requireName(fromName, this.manifest.nameBytesMax, "rename");
    requireName(toName, this.manifest.nameBytesMax, "rename");
    const from = this.#server.node(fromParent, "rename");
    names.rename(from, fromName, this.#server.node(toParent, "rename"), toName, mode, actor);
  }

  async hold(id: NodeId, mode: AccessMode, call: Call): Promise<void> {
    this.#start(call, "open");
    const node = this.#server.node(id, "open");
    acquireHold(node, mode, this, call.credential);
    this.#held.add(node);
  }

  async release(id: NodeId, mode: AccessMode, call: Call): Promise<void> {
    const node = this.#server.node(id, "close");
    releaseHold(this.#server, node, mode, this, call.credential);
    for (const hold of node.holds) if (hold.client === this) return;
    this.#held.delete(node);
  }

  #readAtOnce(
    node: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    credential: Credential,
  ): ReadResult | undefined {
    try {
      this.#server.keys?.require(credential, "read");
      return content.readContent(this.#server.node(node, "read"), offset, frames, {
        server: this.#server,
        client: this,
        credential,
      });
    } catch {
      return undefined;
    }
  }

  async read(node: NodeId, offset: ByteOffset, frames: readonly Uint8Array[], call: Call): Promise<ReadResult> {
    const actor = this.#start(call, "read");
    return content.readContent(this.#server.node(node, "read"), offset, frames, actor);
  }

  async write(
    id: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    expected: Version | undefined,
    call: Call,
  ): Promise<WriteResult> {
    const actor = this.#start(call, "write");
    const node = this.#server.node(id, "write");
    const previous = versionOf(node);
    const byteCount = content.writeContent(node, offset, frames, expected, this.#terms, actor);
    this.#noteUncommitted(node);
    return { byteCount, attributes: { ...attributesOf(node), previous } };
  }

  async commit(id: NodeId, call: Call): Promise<void> {
    this.#start(call, "fsync");
    const node = this.#server.node(id, "fsync");
    const crashCount = this.#uncommitted.get(node);
    this.#uncommitted.delete(node);
    content.commitContent(node);
    if (crashCount === undefined || crashCount === this.#server.crashCount) return;
    throw new Failure("EIO", { syscall: "fsync", detail: "the server lost writes that were not committed" });
  }

  async punchHole(id: NodeId, offset: ByteOffset, length: ByteCount, call: Call): Promise<ChangedAttributes> {
    const actor = this.#start(call, "fallocate");
    const node = this.#server.node(id, "fallocate");
    const previous = versionOf(node);
    content.punchContent(node, offset, length, this.#terms, actor);
    this.#noteUncommitted(node);
    return { ...attributesOf(node), previous };
  }

  async allocate(
    id: NodeId,
    offset: ByteOffset,
    length: ByteCount,
    keepSize: boolean,
    call: Call,
  ): Promise<ChangedAttributes> {
    const actor = this.#start(call, "fallocate");
    const node = this.#server.node(id, "fallocate");
    const previous = versionOf(node);
    content.allocateContent(node, offset, length, keepSize, this.#terms, actor);
    this.#noteUncommitted(node);
    return { ...attributesOf(node), previous };
  }

  async seek(node: NodeId, offset: ByteOffset, whence: "data" | "hole", call: Call): Promise<ByteOffset | undefined> {
    const actor = this.#start(call, "lseek");
    return content.seekContent(this.#server.node(node, "lseek"), offset, whence, actor);
  }

  async statistics(node: NodeId, call: Call): Promise<FileSystemStatistics> {
    this.#start(call, "statfs");
    this.#server.node(node, "statfs");
    const counts = content.statisticsOf(this.#server);
    return { ...counts, blocksAvailable: counts.blocksFree, blockSize: 4096, nameBytesMax: this.manifest.nameBytesMax };
  }

  async getExtendedAttribute(node: NodeId, name: string, call: Call): Promise<Uint8Array> {
    this.#start(call, "getxattr");
    return extendedAttributes.getExtendedAttribute(this.#server.node(node, "getxattr"), name, call.credential);
  }

  async setExtendedAttribute(
    id: NodeId,
    name: string,
    value: Uint8Array,
    mode: "any" | "create" | "replace",
    call: Call,
  ): Promise<void> {
    this.#start(call, "setxattr");
    const node = this.#server.node(id, "setxattr");
    extendedAttributes.setExtendedAttribute(node, name, value, mode, call.credential);
    this.#attributesChanged(node);
  }

  async listExtendedAttributes(node: NodeId, call: Call): Promise<readonly string[]> {
    this.#start(call, "listxattr");
    return extendedAttributes.listExtendedAttributes(this.#server.node(node, "listxattr"), call.credential);
  }

  async removeExtendedAttribute(id: NodeId, name: string, call: Call): Promise<void> {
    this.#start(call, "removexattr");
    const node = this.#server.node(id, "removexattr");
    extendedAttributes.removeExtendedAttribute(node, name, call.credential);
    this.#attributesChanged(node);
  }

  #attributesChanged(node: MemoryNode): void {
    node.changeTimeNs = this.#server.clock.wallTimeNs();
    this.#server.tell(this, node, "attributes");
  }

  watch(listener: (change: StoreChange) => void): () => void {
    if (!this.manifest.reportsChanges) return () => {};
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    for (const node of this.#held) releaseAllHolds(this.#server, node, this);
    this.#held.clear();
    this.listeners.clear();
    this.#server.disconnect(this);
  }

  #start(call: Call, syscall: string): names.MemoryActor {
    if (call.signal.aborted) throw new Failure("EINTR", { syscall });
    this.#server.keys?.require(call.credential, syscall);
    return { server: this.#server, client: this, credential: call.credential };
  }

  #noteUncommitted(node: MemoryNode): void {
    if (this.#terms.durability === "stable" || this.#uncommitted.has(node)) return;
    this.#uncommitted.set(node, this.#server.crashCount);
  }
}

function entryOf(node: MemoryNode): StoreEntry {
  return { node: node.id, attributes: attributesOf(node) };
}
