/**
 * A store over a local directory: it plays the server that a remote store would be. Every operation is checked for its
 * credential, nothing outside the directory is ever reached, and nodes keep their ids when other programs rename them,
 * as far as they can be found again. Calls that only touch names and attributes are made at once, on the calling thread
 * (a few microseconds each on a local file system); data and synchronization go through the thread pool.
 */
import { realpathSync, statfsSync } from "node:fs";
import { type ByteCount, type ByteOffset, decodeFileName, Failure, failureFrom } from "../../base/index.ts";
import type {
  AccessMode,
  AttributeChanges,
  Attributes,
  Call,
  ChangedAttributes,
  Credential,
  DirectoryEntry,
  FileSystemStatistics,
  NodeId,
  NodeKind,
  ReadResult,
  RenameMode,
  Store,
  StoreChange,
  StoreEntry,
  StoreManifest,
  Version,
  WriteResult,
} from "../../port/index.ts";
import { linkTarget } from "../../system/index.ts";
import { setAttributes } from "./attribute-changes.ts";
import { attributesOf } from "./attributes.ts";
import { checked } from "./authority.ts";
import * as content from "./content.ts";
import type { DirectoryNode } from "./directory-node.ts";
import { DirectoryServer, type DirectoryServerOptions, nameBytesMax, started } from "./directory-server.ts";
import { commit } from "./durability.ts";
import * as extendedAttributes from "./extended-attributes.ts";
import { list } from "./listing.ts";
import * as names from "./names.ts";

export type DirectoryStoreOptions = DirectoryServerOptions;

/** Opens the store over a directory. ENOENT, ENOTDIR or EACCES when that cannot be served. */
export function directoryStore(rootPath: string, options: DirectoryStoreOptions = {}): Store {
  let path: string;
  try {
    path = realpathSync(rootPath);
  } catch (error) {
    throw failureFrom(error, { syscall: "open", path: rootPath });
  }
  const server = new DirectoryServer(path, options);
  server.locator.use(server.table.root, "open", () => {});
  return new DirectoryStore(server);
}

class DirectoryStore implements Store {
  readonly manifest: StoreManifest = {
    name: "dir",
    readBytesMax: 16 * 1024 * 1024,
    writeBytesMax: 16 * 1024 * 1024,
    nameBytesMax,
    durability: "volatile",
    conditionalWrites: true,
    parallelWrites: 1,
    reportsChanges: false,
    hardLinks: true,
    symbolicLinks: true,
    specialNodes: true,
    extendedAttributes: true,
    holes: true,
  };
  readonly #server: DirectoryServer;
  #isClosed = false;

  constructor(server: DirectoryServer) {
    this.#server = server;
  }

  #node(id: NodeId, syscall: string): DirectoryNode {
    if (this.#isClosed) throw new Failure("EBADF", { syscall, detail: "the store is closed" });
    return this.#server.table.get(id, syscall);
  }

  async root(call: Call): Promise<StoreEntry> {
    started(call, "root");
    const root = this.#node(this.#server.table.root.id, "root");
    return this.#server.locator.use(root, "root", (_fd, status) => ({
      node: root.id,
      attributes: attributesOf(status),
    }));
  }

  async lookup(parent: NodeId, name: string, call: Call): Promise<StoreEntry> {
    const credential = started(call, "lookup");
    return names.find(this.#server, this.#node(parent, "lookup"), name, credential);
  }

  async getAttributes(id: NodeId, call: Call): Promise<Attributes> {
    started(call, "getattr");
    const node = this.#node(id, "getattr");
    return this.#server.locator.use(node, "getattr", (_fd, status) => {
      this.#server.holds.notice(node, status);
      return attributesOf(status);
    });
  }

  async setAttributes(id: NodeId, changes: AttributeChanges, call: Call): Promise<ChangedAttributes> {
    const credential = started(call, "setattr");
    return setAttributes(this.#server, this.#node(id, "setattr"), changes, credential);
  }

  async access(id: NodeId, mode: AccessMode, call: Call): Promise<void> {
    const credential = started(call, "access");
    this.#server.locator.use(this.#node(id, "access"), "access", (fd, status) => {
      this.#server.authority.requireAccess(credential, "access", fd, status, mode);
    });
  }

  async readLink(id: NodeId, call: Call): Promise<string> {
    started(call, "readlink");
    const node = this.#node(id, "readlink");
    if (node.kind !== "symbolicLink") throw new Failure("EINVAL", { syscall: "readlink" });
    return this.#server.locator.use(node, "readlink", (fd) => decodeFileName(checked(linkTarget(fd), "readlink")));
  }

  async list(directory: NodeId, call: Call): Promise<readonly DirectoryEntry[]> {
    const credential = started(call, "readdir");
    return list(this.#server, this.#node(directory, "readdir"), credential);
  }

  async createFile(parent: NodeId, name: string, mode: number, call: Call): Promise<StoreEntry> {
    const credential = started(call, "open");
    return names.createFile(this.#server, this.#node(parent, "open"), name, mode, credential);
  }

  async makeDirectory(parent: NodeId, name: string, mode: number, call: Call): Promise<StoreEntry> {
    const credential = started(call, "mkdir");
    return names.makeDirectory(this.#server, this.#node(parent, "mkdir"), name, mode, credential);
  }

  async makeSymbolicLink(parent: NodeId, name: string, target: string, call: Call): Promise<StoreEntry> {
    const credential = started(call, "symlink");
    return names.makeSymbolicLink(this.#server, this.#node(parent, "symlink"), name, target, credential);
  }

  async makeSpecial(
    parent: NodeId,
    name: string,
    kind: NodeKind,
    mode: number,
    device: number,
    call: Call,
  ): Promise<StoreEntry> {
    const credential = started(call, "mknod");
    return names.makeSpecial(this.#server, this.#node(parent, "mknod"), name, kind, mode, device, credential);
  }

  async link(node: NodeId, parent: NodeId, name: string, call: Call): Promise<Attributes> {
    const credential = started(call, "link");
    return names.link(this.#server, this.#node(node, "link"), this.#node(parent, "link"), name, credential);
  }

  async remove(parent: NodeId, name: string, call: Call): Promise<void> {
    const credential = started(call, "unlink");
    names.remove(this.#server, this.#node(parent, "unlink"), name, credential);
  }

  async removeDirectory(parent: NodeId, name: string, call: Call): Promise<void> {
    const credential = started(call, "rmdir");
    names.removeDirectory(this.#server, this.#node(parent, "rmdir"), name, credential);
  }

  async rename(
    fromParent: NodeId,
    fromName: string,
    toParent: NodeId,
    toName: string,
    mode: RenameMode,
    call: Call,
  ): Promise<void> {
    const credential = started(call, "rename");
    const from = this.#node(fromParent, "rename");
    names.rename(this.#server, from, fromName, this.#node(toParent, "rename"), toName, mode, credential);
  }

  async hold(id: NodeId, mode: AccessMode, call: Call): Promise<void> {
    const credential = started(call, "open");
    this.#server.holds.acquire(this.#node(id, "open"), mode, credential);
  }

  async release(id: NodeId, mode: AccessMode, call: Call): Promise<void> {
    this.#server.holds.release(this.#node(id, "close"), mode, call.credential);
  }

  async read(id: NodeId, offset: ByteOffset, frames: readonly Uint8Array[], call: Call): Promise<ReadResult> {
    const credential = started(call, "read");
    return content.readContent(this.#server, this.#node(id, "read"), offset, frames, credential);
  }

  tryRead(
    id: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    credential: Credential,
  ): ReadResult | undefined {
    try {
      return content.tryReadContent(this.#server, this.#node(id, "read"), offset, frames, credential);
    } catch {
      return undefined;
    }
  }

  async write(
    id: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    expected: Version | undefined,
    call: Call,
  ): Promise<WriteResult> {
    const credential = started(call, "write");
    return content.writeContent(this.#server, this.#node(id, "write"), offset, frames, expected, credential);
  }

  async commit(id: NodeId, call: Call): Promise<void> {
    started(call, "fsync");
    return commit(this.#server, this.#node(id, "fsync"));
  }

  async punchHole(id: NodeId, offset: ByteOffset, length: ByteCount, call: Call): Promise<ChangedAttributes> {
    const credential = started(call, "fallocate");
    return content.punchHole(this.#server, this.#node(id, "fallocate"), offset, length, credential);
  }

  async allocate(
    id: NodeId,
    offset: ByteOffset,
    length: ByteCount,
    keepSize: boolean,
    call: Call,
  ): Promise<ChangedAttributes> {
    const credential = started(call, "fallocate");
    return content.allocate(this.#server, this.#node(id, "fallocate"), offset, length, keepSize, credential);
  }

  async seek(id: NodeId, offset: ByteOffset, whence: "data" | "hole", call: Call): Promise<ByteOffset | undefined> {
    const credential = started(call, "lseek");
    return content.seekContent(this.#server, this.#node(id, "lseek"), offset, whence, credential);
  }

  async statistics(id: NodeId, call: Call): Promise<FileSystemStatistics> {
    started(call, "statfs");
    return this.#server.locator.use(this.#node(id, "statfs"), "statfs", (fd) => {
      const { bsize, blocks, bfree, bavail, files, ffree } = statfsSync(`/proc/self/fd/${fd}`);
      return {
        blockSize: bsize,
        blocks,
        blocksFree: bfree,
        blocksAvailable: bavail,
        nodes: files,
        nodesFree: ffree,
        nameBytesMax,
      };
    });
  }

  async getExtendedAttribute(id: NodeId, name: string, call: Call): Promise<Uint8Array> {
    const credential = started(call, "getxattr");
    return extendedAttributes.getExtendedAttribute(this.#server, this.#node(id, "getxattr"), name, credential);
  }

  async setExtendedAttribute(
    id: NodeId,
    name: string,
    value: Uint8Array,
    mode: "any" | "create" | "replace",
    call: Call,
  ): Promise<void> {
    const credential = started(call, "setxattr");
    const node = this.#node(id, "setxattr");
    extendedAttributes.setExtendedAttribute(this.#server, node, name, value, mode, credential);
  }

  async listExtendedAttributes(id: NodeId, call: Call): Promise<readonly string[]> {
    const credential = started(call, "listxattr");
    return extendedAttributes.listExtendedAttributes(this.#server, this.#node(id, "listxattr"), credential);
  }

  async removeExtendedAttribute(id: NodeId, name: string, call: Call): Promise<void> {
    const credential = started(call, "removexattr");
    extendedAttributes.removeExtendedAttribute(this.#server, this.#node(id, "removexattr"), name, credential);
  }

  watch(_listener: (change: StoreChange) => void): () => void {
    return () => {};
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#server.close();
  }
}
