/**
 * A store for a medium that may be taken out and put back (S1.10, S1.11), over the drive that it is put into. It belongs to one
 * medium: the one that was in when it was opened. While that is out, or another one is in, everything is ENOMEDIUM, so that a
 * cache above parks what it has in rescue ("salvage") instead of waiting; when it is back, nodes and holds are what they were.
 * Nothing is ever asked of another medium than its own.
 *
 * Two things go on while it is out, so that programs can work with what they have open: the attributes of a file that somebody
 * holds are what they were last, without a name once it was gone, and a commit of what is durable already succeeds.
 *
 * A medium may be pulled out at any moment, so content is durable before it is answered (`durableWrites`): bytes are in the cache
 * above until then. Names and other attributes are made durable soon afterwards; where they were lost, the next commit says so.
 */
import type { ByteCount, ByteOffset, CancelSignal } from "../../base/index.ts";
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
import type { MediumId } from "./medium.ts";
import { isMissing, type MediumNodes } from "./medium-nodes.ts";
import type { MediumOperations } from "./medium-operations.ts";
import { type MediumSource, type Preparation, type PresenceChange, sourceOf } from "./presence.ts";

/** One write is made durable at a time: as much as a slow medium takes well within the deadline of an operation. */
const durableWriteBytesMax = 4 * 1024 * 1024;

export class MediumStore implements Store {
  readonly manifest: StoreManifest;
  readonly tryRead?: NonNullable<Store["tryRead"]>;
  readonly #source: MediumSource;
  readonly #nodes: MediumNodes;
  readonly #operations: MediumOperations;
  readonly #prepareBy: (prepare: Preparation) => void;

  /** Made by `mediumStore`. */
  constructor(
    source: MediumSource,
    nodes: MediumNodes,
    operations: MediumOperations,
    { manifest, tryRead }: Store,
    prepareBy: (prepare: Preparation) => void,
  ) {
    this.#source = source;
    this.#prepareBy = prepareBy;
    this.#nodes = nodes;
    this.#operations = operations;
    const writeBytesMax = Math.min(manifest.writeBytesMax, durableWriteBytesMax);
    this.manifest = operations.durableWrites ? { ...manifest, writeBytesMax } : manifest;
    if (tryRead !== undefined) this.tryRead = (...read) => this.#tryRead(...read);
  }

  /** The medium that the store belongs to. */
  get mediumId(): MediumId {
    return this.#source.id;
  }

  get isIn(): boolean {
    return this.#source.current !== undefined;
  }

  /** Calls back when the medium was taken out, and when it is back; the answer ends that. */
  onChange(listener: (change: PresenceChange) => void): () => void {
    return this.#source.onChange(listener);
  }

  /**
   * Has `act` done whenever the medium is back, before anybody else reaches it: the store that it gets is this one for it alone,
   * everybody else hears ENOMEDIUM until it has ended. For what was parked, which belongs before what is written later.
   */
  beforeReturn(act: (store: Store, signal: CancelSignal) => Promise<void>): void {
    this.#prepareBy(async (inner, generation, signal) => {
      const source = sourceOf(this.mediumId, inner, generation);
      const operations = this.#operations.over(source);
      try {
        await act(new MediumStore(source, this.#nodes, operations, inner, () => undefined), signal);
      } finally {
        await operations.close();
      }
    });
  }

  /** Says that parked bytes led from the earlier versions to this one: a writer who expects an earlier one is no stranger. */
  replayed(node: NodeId, earlier: readonly Version[], version: Version): void {
    this.#nodes.ledTo(node, earlier, version);
  }

  /** Looks at the drive now, without waiting for the next time. */
  look(): Promise<void> {
    return this.#source.look();
  }

  root(call: Call): Promise<StoreEntry> {
    return this.#operations.ask("lookup", async (store, generation) =>
      this.#nodes.meetRoot(await store.root(call), generation),
    );
  }

  lookup(parent: NodeId, name: string, call: Call): Promise<StoreEntry> {
    return this.#operations.on(parent, "lookup", call, async (store, inner, generation) => {
      this.#operations.requireVisible(parent, name, "lookup");
      return this.#nodes.meet(await store.lookup(inner, name, call), parent, name, generation);
    });
  }

  async getAttributes(node: NodeId, call: Call): Promise<Attributes> {
    const ask = async (store: Store, inner: NodeId) =>
      this.#nodes.noticed(node, await store.getAttributes(inner, call));
    try {
      return await this.#operations.on(node, "stat", call, ask);
    } catch (thrown) {
      if (this.isIn && isMissing(thrown)) this.#nodes.gone(node);
      const last = this.isIn ? undefined : this.#nodes.attributesOfHeld(node);
      if (last === undefined) throw thrown;
      return last;
    }
  }

  setAttributes(node: NodeId, changes: AttributeChanges, call: Call): Promise<ChangedAttributes> {
    return this.#operations.change(node, "setattr", call, changes.size !== undefined, async (store, inner) =>
      this.#nodes.saw(node, await store.setAttributes(inner, changes, call)),
    );
  }

  access(node: NodeId, mode: AccessMode, call: Call): Promise<void> {
    return this.#operations.on(node, "access", call, (store, inner) => store.access(inner, mode, call));
  }

  readLink(node: NodeId, call: Call): Promise<string> {
    return this.#operations.on(node, "readlink", call, (store, inner) => store.readLink(inner, call));
  }

  list(directory: NodeId, call: Call): Promise<readonly DirectoryEntry[]> {
    return this.#operations.on(directory, "scandir", call, async (store, inner) => {
      const entries = await store.list(inner, call);
      if (!this.#nodes.isRoot(directory)) return entries;
      return entries.filter(({ name }) => !this.#operations.isMarker(directory, name));
    });
  }

  createFile(parent: NodeId, name: string, mode: number, call: Call): Promise<StoreEntry> {
    return this.#operations.make(parent, name, "open", call, (store, inner) =>
      store.createFile(inner, name, mode, call),
    );
  }

  makeDirectory(parent: NodeId, name: string, mode: number, call: Call): Promise<StoreEntry> {
    return this.#operations.make(parent, name, "mkdir", call, (store, inner) =>
      store.makeDirectory(inner, name, mode, call),
    );
  }

  makeSymbolicLink(parent: NodeId, name: string, target: string, call: Call): Promise<StoreEntry> {
    return this.#operations.make(parent, name, "symlink", call, (store, inner) =>
      store.makeSymbolicLink(inner, name, target, call),
    );
  }

  makeSpecial(
    parent: NodeId,
    name: string,
    kind: NodeKind,
    mode: number,
    device: number,
    call: Call,
  ): Promise<StoreEntry> {
    return this.#operations.make(parent, name, "mknod", call, (store, inner) =>
      store.makeSpecial(inner, name, kind, mode, device, call),
    );
  }

  link(node: NodeId, parent: NodeId, name: string, call: Call): Promise<Attributes> {
    return this.#operations.onTwo(node, parent, "link", call, async (store, inner, other) => {
      this.#operations.requireFree(parent, name, "link");
      const attributes = this.#nodes.linked(node, parent, name, await store.link(inner, other, name, call));
      await this.#operations.changed([node, parent], store, call);
      return attributes;
    });
  }

  remove(parent: NodeId, name: string, call: Call): Promise<void> {
    return this.#operations.unname(parent, name, "unlink", call, (store, inner) => store.remove(inner, name, call));
  }

  removeDirectory(parent: NodeId, name: string, call: Call): Promise<void> {
    return this.#operations.unname(parent, name, "rmdir", call, (store, inner) =>
      store.removeDirectory(inner, name, call),
    );
  }

  rename(
    fromParent: NodeId,
    fromName: string,
    toParent: NodeId,
    toName: string,
    mode: RenameMode,
    call: Call,
  ): Promise<void> {
    return this.#operations.onTwo(fromParent, toParent, "rename", call, async (store, from, to) => {
      this.#operations.requireVisible(fromParent, fromName, "rename");
      this.#operations.requireFree(toParent, toName, "rename");
      await this.#nodes.rename(fromParent, fromName, toParent, toName, mode === "exchange", () =>
        store.rename(from, fromName, to, toName, mode, call),
      );
      await this.#operations.changed([fromParent, toParent], store, call);
    });
  }

  hold(node: NodeId, mode: AccessMode, call: Call): Promise<void> {
    return this.#operations.on(node, "open", call, async (store, inner, generation) => {
      await store.hold(inner, mode, call);
      this.#nodes.held(node, mode, call, generation);
    });
  }

  /** While the medium is out there is nothing to give back, and it will not be held again when it returns. */
  async release(node: NodeId, mode: AccessMode, call: Call): Promise<void> {
    const store = this.#source.current;
    const inner = this.#nodes.released(node, mode, call, this.#source.generation);
    if (inner !== undefined) await store?.release(inner, mode, call);
  }

  read(node: NodeId, offset: ByteOffset, frames: readonly Uint8Array[], call: Call): Promise<ReadResult> {
    return this.#operations.on(node, "read", call, (store, inner) => store.read(inner, offset, frames, call));
  }

  async write(
    node: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    expected: Version | undefined,
    call: Call,
  ): Promise<WriteResult> {
    const act = async (store: Store, inner: NodeId): Promise<WriteResult> => {
      const meant = this.#nodes.meantBy(node, expected);
      const result = await store.write(inner, offset, frames, meant, call);
      this.#nodes.noticed(node, result.attributes);
      if (meant === expected || expected === undefined) return result;
      return { ...result, attributes: { ...result.attributes, previous: expected } };
    };
    const notDurable = ({ attributes }: WriteResult): void => {
      if (expected !== undefined) this.#nodes.ledTo(node, [expected], attributes.version);
    };
    const result = await this.#operations.change(node, "write", call, true, act, notDurable);
    this.#nodes.told(node);
    return result;
  }

  /** What is durable already stays so, in or out. */
  commit(node: NodeId, call: Call): Promise<void> {
    return this.#operations.commit(node, call);
  }

  punchHole(node: NodeId, offset: ByteOffset, length: ByteCount, call: Call): Promise<ChangedAttributes> {
    return this.#operations.change(node, "fallocate", call, true, async (store, inner) =>
      this.#nodes.saw(node, await store.punchHole(inner, offset, length, call)),
    );
  }

  allocate(
    node: NodeId,
    offset: ByteOffset,
    length: ByteCount,
    keepSize: boolean,
    call: Call,
  ): Promise<ChangedAttributes> {
    return this.#operations.change(node, "fallocate", call, true, async (store, inner) =>
      this.#nodes.saw(node, await store.allocate(inner, offset, length, keepSize, call)),
    );
  }

  seek(node: NodeId, offset: ByteOffset, whence: "data" | "hole", call: Call): Promise<ByteOffset | undefined> {
    return this.#operations.on(node, "lseek", call, (store, inner) => store.seek(inner, offset, whence, call));
  }

  statistics(node: NodeId, call: Call): Promise<FileSystemStatistics> {
    return this.#operations.on(node, "statfs", call, (store, inner) => store.statistics(inner, call));
  }

  getExtendedAttribute(node: NodeId, name: string, call: Call): Promise<Uint8Array> {
    return this.#operations.on(node, "getxattr", call, (store, inner) => store.getExtendedAttribute(inner, name, call));
  }

  setExtendedAttribute(
    node: NodeId,
    name: string,
    value: Uint8Array,
    mode: "any" | "create" | "replace",
    call: Call,
  ): Promise<void> {
    return this.#operations.change(node, "setxattr", call, false, (store, inner) =>
      store.setExtendedAttribute(inner, name, value, mode, call),
    );
  }

  listExtendedAttributes(node: NodeId, call: Call): Promise<readonly string[]> {
    return this.#operations.on(node, "listxattr", call, (store, inner) => store.listExtendedAttributes(inner, call));
  }

  removeExtendedAttribute(node: NodeId, name: string, call: Call): Promise<void> {
    return this.#operations.change(node, "removexattr", call, false, (store, inner) =>
      store.removeExtendedAttribute(inner, name, call),
    );
  }

  /** What the medium's store reports, and after a return that anything may have changed meanwhile. */
  watch(listener: (change: StoreChange) => void): () => void {
    const translate = (change: StoreChange): void => {
      const node = this.#nodes.lastingOf(change.node);
      if (node !== undefined) listener({ ...change, node });
    };
    let end = this.#source.current?.watch(translate);
    const endChanges = this.#source.onChange((change) => {
      end?.();
      end = this.#source.current?.watch(translate);
      if (change === "out") return;
      for (const node of this.#nodes.ids()) {
        for (const what of ["attributes", "content", "entries"] as const) listener({ node, what });
      }
    });
    return () => {
      endChanges();
      end?.();
    };
  }

  async close(): Promise<void> {
    await this.#operations.close();
    await this.#source.close();
  }

  #tryRead(
    node: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    credential: Credential,
  ): ReadResult | undefined {
    const inner = this.#nodes.tryResolve(node, this.#source.generation);
    return inner === undefined ? undefined : this.#source.current?.tryRead?.(inner, offset, frames, credential);
  }
}
