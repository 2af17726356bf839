/** The volume itself: the parts of the files room joined behind the `Volume` interface. */
import { assert, type Clock, Failure, failureFrom, type Milliseconds } from "../base/index.ts";
import type { PageCache } from "../cache/index.ts";
import type {
  AccessMode,
  AttributeChanges,
  Attributes,
  Call,
  Credential,
  DeadlineStore,
  FileSystemStatistics,
  NodeId,
  NodeKind,
  RenameMode,
  RescueSink,
  StoreEntry,
  StoreManifest,
} from "../port/index.ts";
import type { Keyring } from "./credentials/keyring.ts";
import type { DirectoryHandle } from "./directory-handle.ts";
import { drain, drainToClose } from "./drain.ts";
import type { FileHandle } from "./file-handle/file-handle.ts";
import { OpenFiles } from "./handle/open-files.ts";
import type { Handle } from "./handle.ts";
import { Namespace } from "./names/namespace.ts";
import { OpenDirectories } from "./names/open-directories.ts";
import type { Node } from "./node.ts";
import { AttributeCache } from "./nodes/attribute-cache.ts";
import { VolumeNode } from "./nodes/volume-node.ts";
import { openFlags } from "./open-flags.ts";
import { VolumePromises } from "./promises/volume-promises.ts";
import { watchStore } from "./store-changes.ts";
import type { Volume, VolumeSnapshot } from "./volume.ts";
import { type CoreOptions, callOf, inBackground, VolumeCore } from "./volume-core.ts";
import type { VolumeEvents, WritebackFailed } from "./volume-events.ts";

export interface CachedVolumeOptions extends CoreOptions {
  readonly umask: number;
}

export class CachedVolume implements Volume {
  readonly manifest: StoreManifest;
  readonly events: VolumeEvents;
  readonly attributeTimeoutMs: Milliseconds;
  readonly entryTimeoutMs: Milliseconds;
  readonly root: VolumeNode;
  readonly promises: VolumePromises;

  readonly #core: VolumeCore;
  readonly #options: CachedVolumeOptions;
  readonly #attributes: AttributeCache;
  readonly #names: Namespace;
  readonly #files: OpenFiles;
  readonly #directories: OpenDirectories;
  readonly #endWatch: () => void;
  #closing: Promise<void> | undefined;

  constructor(
    store: DeadlineStore,
    cache: PageCache,
    keyring: Keyring,
    root: StoreEntry & { readonly askedMs: Milliseconds },
    options: CachedVolumeOptions,
  ) {
    this.#core = new VolumeCore(store, cache, keyring, options);
    this.#options = options;
    this.manifest = store.manifest;
    this.events = this.#core.events;
    this.attributeTimeoutMs = options.attributeTimeoutMs;
    this.entryTimeoutMs = options.entryTimeoutMs;
    this.#attributes = new AttributeCache(this.#core);
    this.#names = new Namespace(this.#core, this.#attributes);
    this.#files = new OpenFiles(this.#core, this.#attributes);
    this.#directories = new OpenDirectories(this.#core, this.#attributes, this.#names);
    this.root = this.#core.nodes.intern(root);
    this.#core.nodes.use(this.root);
    this.#attributes.learn(this.root, root.attributes, options.credential, { at: 0, atMs: root.askedMs });
    this.promises = this.promisesFor(options.credential);
    this.#endWatch = watchStore(this.#core);
  }

  get clock(): Clock {
    return this.#core.clock;
  }

  promisesFor(credential: Credential): VolumePromises {
    return new VolumePromises(this, credential, this.#options.umask);
  }

  open(
    path: string,
    flags?: string | number,
    options: { mode?: number; credential?: Credential } = {},
  ): Promise<FileHandle> {
    const promises = options.credential === undefined ? this.promises : this.promisesFor(options.credential);
    return promises.open(path, flags, options.mode);
  }

  node(number: number): Node | undefined {
    return this.#core.nodes.byNumber(number);
  }

  remember(node: Node): Node {
    const known = this.#core.nodes.current(own(node));
    known.lookupCount++;
    this.#core.nodes.use(known);
    return known;
  }

  forget(node: Node, count: number): void {
    const known = own(node);
    assert(known.lookupCount >= count, "a node is forgotten as often as it was remembered");
    known.lookupCount -= count;
    for (let given = 0; given < count; given++) this.#core.nodes.unuse(known);
  }

  tryLookup(parent: Node, name: string, credential: Credential): VolumeNode | null | undefined {
    return this.#names.tryLookup(own(parent), name, credential);
  }

  lookup(parent: Node, name: string, call: Call): Promise<VolumeNode> {
    return this.#names.lookup(own(parent), name, call);
  }

  /** As `lookup`, asking the store whatever is cached. */
  lookupAtStore(parent: Node, name: string, call: Call): Promise<VolumeNode> {
    return this.#names.lookupAtStore(own(parent), name, call);
  }

  tryGetAttributes(node: Node, credential: Credential): Attributes | undefined {
    return this.#attributes.tryGet(own(node), credential);
  }

  async getAttributes(node: Node, call: Call): Promise<Attributes> {
    using pin = this.#core.nodes.pin(own(node));
    return await this.#attributes.get(pin.node, call);
  }

  async setAttributes(node: Node, changes: AttributeChanges, call: Call, handle?: Handle): Promise<Attributes> {
    using pin = this.#core.nodes.pin(own(node));
    return await this.#attributes.set(pin.node, changes, call, handle);
  }

  async access(node: Node, mode: AccessMode, call: Call): Promise<void> {
    await this.#atStore(node, call, "access", ({ id }) => this.#core.store.access(id, mode, call));
  }

  async readLink(node: Node, call: Call): Promise<string> {
    const link = own(node);
    if (link.kind !== "symbolicLink") throw new Failure("EINVAL", { syscall: "readlink", path: link.path });
    if (link.linkTarget !== undefined && this.#attributes.maySee(link, call.credential)) return link.linkTarget;
    const target = await this.#atStore(node, call, "readlink", ({ id }) => this.#core.store.readLink(id, call));
    link.linkTarget = target;
    return target;
  }

  makeDirectory(parent: Node, name: string, mode: number, call: Call): Promise<Node> {
    return this.#names.makeDirectory(own(parent), name, mode, call);
  }

  makeSymbolicLink(parent: Node, name: string, target: string, call: Call): Promise<Node> {
    return this.#names.makeSymbolicLink(own(parent), name, target, call);
  }

  makeNode(parent: Node, name: string, kind: NodeKind, mode: number, device: number, call: Call): Promise<Node> {
    return this.#names.makeNode(own(parent), name, kind, mode, device, call);
  }

  link(node: Node, parent: Node, name: string, call: Call): Promise<Attributes> {
    return this.#names.link(own(node), own(parent), name, call);
  }

  unlink(parent: Node, name: string, call: Call): Promise<void> {
    return this.#names.unlink(own(parent), name, call);
  }

  removeDirectory(parent: Node, name: string, call: Call): Promise<void> {
    return this.#names.removeDirectory(own(parent), name, call);
  }

  rename(
    fromParent: Node,
    fromName: string,
    toParent: Node,
    toName: string,
    mode: RenameMode,
    call: Call,
  ): Promise<void> {
    return this.#names.rename(own(fromParent), fromName, own(toParent), toName, mode, call);
  }

  statistics(node: Node, call: Call): Promise<FileSystemStatistics> {
    return this.#atStore(node, call, "statfs", ({ id }) => this.#core.store.statistics(id, call));
  }

  getExtendedAttribute(node: Node, name: string, call: Call): Promise<Uint8Array> {
    const { store } = this.#core;
    return this.#atStore(node, call, "getxattr", ({ id }) => store.getExtendedAttribute(id, name, call), true);
  }

  async setExtendedAttribute(
    node: Node,
    name: string,
    value: Uint8Array,
    mode: "any" | "create" | "replace",
    call: Call,
  ): Promise<void> {
    await this.#changeExtendedAttributes(node, call, "setxattr", (id) =>
      this.#core.store.setExtendedAttribute(id, name, value, mode, call),
    );
  }

  listExtendedAttributes(node: Node, call: Call): Promise<readonly string[]> {
    const { store } = this.#core;
    return this.#atStore(node, call, "listxattr", ({ id }) => store.listExtendedAttributes(id, call), true);
  }

  async removeExtendedAttribute(node: Node, name: string, call: Call): Promise<void> {
    await this.#changeExtendedAttributes(node, call, "removexattr", (id) =>
      this.#core.store.removeExtendedAttribute(id, name, call),
    );
  }

  /** An access control list is an extended attribute, so who may see the node may have changed. */
  async #changeExtendedAttributes(
    node: Node,
    call: Call,
    syscall: string,
    change: (id: NodeId) => Promise<void>,
  ): Promise<void> {
    const work = async (changed: VolumeNode): Promise<void> => {
      await change(changed.id);
      changed.changeTimeExplained = true;
      this.#core.expire(changed);
      this.#core.accessChanged(changed);
    };
    await this.#atStore(node, call, syscall, work, true);
  }

  openNode(node: Node, flags: number, call: Call, processId?: number): Promise<Handle> {
    return this.#files.open(own(node), flags, call, processId);
  }

  /** The maker's first hold is granted whatever the mode says. */
  async createFile(
    parent: Node,
    name: string,
    mode: number,
    flags: number,
    call: Call,
    processId?: number,
  ): Promise<Handle> {
    const { store } = this.#core;
    const node = await this.#names.make(own(parent), name, call, ({ id }) => store.createFile(id, name, mode, call));
    return this.#files.open(node, flags & ~openFlags.O_DIRECTORY, call, processId, true);
  }

  openDirectory(node: Node, call: Call): Promise<DirectoryHandle> {
    return this.#directories.open(own(node), this.#files.nextFd(), call);
  }

  async sync(call: Call = callOf(this.#options.credential)): Promise<void> {
    await drain(this.#core, call);
  }

  refusals(): readonly WritebackFailed[] {
    return this.#core.refusals.list();
  }

  get rescue(): RescueSink | null {
    return this.#core.cache.options.rescue;
  }

  snapshot(): VolumeSnapshot {
    const dirtyFiles = [...this.#core.spaces]
      .filter((node) => node.isDirty)
      .map(({ path, space }) => ({
        path,
        dirtyBytes: space?.dirtyBytes ?? 0,
        unrescuedBytes: space?.unrescuedBytes ?? 0,
      }));
    return {
      cache: this.#core.cache.snapshot(),
      nodeCount: this.#core.nodes.size,
      entryCount: this.#core.entries.count,
      openFiles: [...this.#files.handles].map(({ path, credential, flags, processId }) => ({
        path,
        credential,
        flags,
        processId,
      })),
      dirtyFiles,
      refusalCount: this.#core.refusals.count,
      eventListenerFailures: this.#core.events.listenerFailures,
    };
  }

  /** For tests, after every step. */
  checkInvariants(): void {
    this.#core.nodes.checkInvariants();
    this.#core.entries.checkInvariants();
    this.#files.checkInvariants();
    this.#directories.checkInvariants();
    this.#core.cache.checkInvariants();
  }

  close(options: { deadlineMs?: Milliseconds } = {}): Promise<void> {
    this.#closing ??= this.#close(options.deadlineMs);
    return this.#closing;
  }

  /** Everything is given back, whatever became of the bytes; what was not delivered is thrown at the end. */
  async #close(deadlineMs: Milliseconds | undefined): Promise<void> {
    this.#core.closed = true;
    try {
      await drainToClose(this.#core, this.#options.credential, deadlineMs);
    } catch (thrown) {
      const givenBack = this.#giveBack();
      // A store that did not answer in time is not waited for again.
      if (failureFrom(thrown).code === "ETIMEDOUT") inBackground(givenBack);
      else await givenBack;
      throw thrown;
    }
    await this.#giveBack();
  }

  async #giveBack(): Promise<void> {
    this.#endWatch();
    this.#core.cache.close();
    const handles = [...this.#files.handles, ...this.#directories.handles];
    await Promise.all(handles.map((handle) => handle.release()));
    const nodes = [...this.#core.spaces];
    for (const node of nodes) inBackground(this.#core.discardPages(node));
    await this.#core.allDiscarded();
    await Promise.all(nodes.map((node) => this.#core.releaseLingering(node)));
    this.#core.nodes.unuse(this.root);
    this.#core.nodes.dropAll();
    this.#core.keyring.close();
    await this.#core.store.close();
  }

  /** Does one store operation on a node, which stays used meanwhile. */
  async #atStore<Result>(
    node: Node,
    call: Call,
    syscall: string,
    operation: (node: VolumeNode) => Promise<Result>,
    needsExtendedAttributes = false,
  ): Promise<Result> {
    using pin = this.#core.nodes.pin(own(node));
    const { path } = pin.node;
    if (needsExtendedAttributes && !this.manifest.extendedAttributes) throw new Failure("ENOTSUP", { syscall, path });
    try {
      return await operation(pin.node);
    } catch (thrown) {
      throw this.#attributes.refused(pin.node, call.credential, failureFrom(thrown, { syscall, path }));
    }
  }
}

function own(node: Node): VolumeNode {
  assert(node instanceof VolumeNode, "a node comes from the volume it is given to");
  return node;
}
