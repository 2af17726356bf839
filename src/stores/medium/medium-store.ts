/**
 * A store for a medium that may be taken out and put back (S1.10, S1.11), over the drive that it is put into. It belongs to one
 * medium: the one that was in when it was opened. While that is out, or another one is in, everything is ENOMEDIUM, so that a
 * cache above parks what it has in rescue ("salvage") instead of waiting; when it is back, nodes and holds are what they were.
 * Nothing is ever asked of another medium than its own.
 */
import type { ByteCount, ByteOffset, Clock, Milliseconds } from "../../base/index.ts";
import { type ErrorCode, failureFrom, systemClock } from "../../base/index.ts";
import type {
  AccessMode,
  AttributeChanges,
  Attributes,
  Call,
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
import type { Drive, MediumId } from "./medium.ts";
import { MediumNodes } from "./medium-nodes.ts";
import { identifyWithin, noMedium, openOn, Presence, type PresenceChange } from "./presence.ts";

export interface MediumStoreOptions {
  readonly clock?: Clock;
  /** How often the drive is looked at, in and out. Default 1,000. */
  readonly lookEveryMs?: Milliseconds;
  /** How long a look may take before the drive counts as empty. Default 5,000. */
  readonly lookDeadlineMs?: Milliseconds;
}

/** Failures that a medium which was taken out explains. */
const suspicious: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "ENOMEDIUM",
  "ENODEV",
  "ENXIO",
  "EIO",
  "EREMOTEIO",
  "EROFS",
  "ENOENT",
  "ESTALE",
  "ENOTCONN",
]);

/** Opens the medium that is in the drive now; ENOMEDIUM when there is none. */
export async function mediumStore(drive: Drive, options: MediumStoreOptions = {}): Promise<MediumStore> {
  const { clock = systemClock, lookEveryMs = 1_000, lookDeadlineMs = 5_000 } = options;
  const settled = { clock, lookEveryMs, lookDeadlineMs };
  const inserted = await identifyWithin(drive, settled);
  const store = inserted === undefined ? undefined : await openOn(drive, inserted, settled);
  if (inserted === undefined || store === undefined) throw noMedium("open", undefined);
  return new MediumStore(new Presence(drive, inserted, store, settled), store);
}

export class MediumStore implements Store {
  readonly manifest: StoreManifest;
  readonly tryRead?: NonNullable<Store["tryRead"]>;
  readonly #presence: Presence;
  readonly #nodes: MediumNodes = new MediumNodes();

  /** Made by `mediumStore`. */
  constructor(presence: Presence, store: Store) {
    this.#presence = presence;
    this.manifest = store.manifest;
    if (store.tryRead !== undefined) this.tryRead = (...read) => this.#tryRead(...read);
  }

  /** The medium that the store belongs to. */
  get mediumId(): MediumId {
    return this.#presence.id;
  }

  get isIn(): boolean {
    return this.#presence.current !== undefined;
  }

  /** Calls back when the medium was taken out, and when it is back; the answer ends that. */
  onChange(listener: (change: PresenceChange) => void): () => void {
    return this.#presence.onChange(listener);
  }

  /** Looks at the drive now, without waiting for the next time. */
  look(): Promise<void> {
    return this.#presence.look();
  }

  root(call: Call): Promise<StoreEntry> {
    return this.#ask("lookup", async (store, generation) =>
      this.#nodes.meet(await store.root(call), undefined, "", generation),
    );
  }

  lookup(parent: NodeId, name: string, call: Call): Promise<StoreEntry> {
    return this.#enter(parent, name, "lookup", call, (store, inner) => store.lookup(inner, name, call));
  }

  getAttributes(node: NodeId, call: Call): Promise<Attributes> {
    return this.#on(node, "stat", call, (store, inner) => store.getAttributes(inner, call));
  }

  setAttributes(node: NodeId, changes: AttributeChanges, call: Call): Promise<Attributes> {
    return this.#on(node, "setattr", call, (store, inner) => store.setAttributes(inner, changes, call));
  }

  access(node: NodeId, mode: AccessMode, call: Call): Promise<void> {
    return this.#on(node, "access", call, (store, inner) => store.access(inner, mode, call));
  }

  readLink(node: NodeId, call: Call): Promise<string> {
    return this.#on(node, "readlink", call, (store, inner) => store.readLink(inner, call));
  }

  list(directory: NodeId, call: Call): Promise<readonly DirectoryEntry[]> {
    return this.#on(directory, "scandir", call, (store, inner) => store.list(inner, call));
  }

  createFile(parent: NodeId, name: string, mode: number, call: Call): Promise<StoreEntry> {
    return this.#enter(parent, name, "open", call, (store, inner) => store.createFile(inner, name, mode, call));
  }

  makeDirectory(parent: NodeId, name: string, mode: number, call: Call): Promise<StoreEntry> {
    return this.#enter(parent, name, "mkdir", call, (store, inner) => store.makeDirectory(inner, name, mode, call));
  }

  makeSymbolicLink(parent: NodeId, name: string, target: string, call: Call): Promise<StoreEntry> {
    return this.#enter(parent, name, "symlink", call, (store, inner) =>
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
    return this.#enter(parent, name, "mknod", call, (store, inner) =>
      store.makeSpecial(inner, name, kind, mode, device, call),
    );
  }

  link(node: NodeId, parent: NodeId, name: string, call: Call): Promise<Attributes> {
    return this.#onTwo(node, parent, "link", call, (store, one, other) => store.link(one, other, name, call));
  }

  remove(parent: NodeId, name: string, call: Call): Promise<void> {
    return this.#on(parent, "unlink", call, (store, inner) => store.remove(inner, name, call));
  }

  removeDirectory(parent: NodeId, name: string, call: Call): Promise<void> {
    return this.#on(parent, "rmdir", call, (store, inner) => store.removeDirectory(inner, name, call));
  }

  rename(
    fromParent: NodeId,
    fromName: string,
    toParent: NodeId,
    toName: string,
    mode: RenameMode,
    call: Call,
  ): Promise<void> {
    return this.#onTwo(fromParent, toParent, "rename", call, async (store, from, to) => {
      await store.rename(from, fromName, to, toName, mode, call);
      this.#nodes.renamed(fromParent, fromName, toParent, toName, mode === "exchange");
    });
  }

  async hold(node: NodeId, mode: AccessMode, call: Call): Promise<void> {
    await this.#on(node, "open", call, (store, inner) => store.hold(inner, mode, call));
    this.#nodes.held(node, mode, call);
  }

  /** While the medium is out there is nothing to give back, and it will not be held again when it returns. */
  async release(node: NodeId, mode: AccessMode, call: Call): Promise<void> {
    const store = this.#presence.current;
    const inner = this.#nodes.tryResolve(node, this.#presence.generation);
    this.#nodes.released(node, mode, call);
    if (store !== undefined && inner !== undefined) await store.release(inner, mode, call);
  }

  read(node: NodeId, offset: ByteOffset, frames: readonly Uint8Array[], call: Call): Promise<ReadResult> {
    return this.#on(node, "read", call, (store, inner) => store.read(inner, offset, frames, call));
  }

  write(
    node: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    expected: Version | undefined,
    call: Call,
  ): Promise<WriteResult> {
    return this.#on(node, "write", call, (store, inner) => store.write(inner, offset, frames, expected, call));
  }

  commit(node: NodeId, call: Call): Promise<void> {
    return this.#on(node, "fsync", call, (store, inner) => store.commit(inner, call));
  }

  punchHole(node: NodeId, offset: ByteOffset, length: ByteCount, call: Call): Promise<Attributes> {
    return this.#on(node, "fallocate", call, (store, inner) => store.punchHole(inner, offset, length, call));
  }

  allocate(node: NodeId, offset: ByteOffset, length: ByteCount, keepSize: boolean, call: Call): Promise<Attributes> {
    return this.#on(node, "fallocate", call, (store, inner) => store.allocate(inner, offset, length, keepSize, call));
  }

  seek(node: NodeId, offset: ByteOffset, whence: "data" | "hole", call: Call): Promise<ByteOffset | undefined> {
    return this.#on(node, "lseek", call, (store, inner) => store.seek(inner, offset, whence, call));
  }

  statistics(node: NodeId, call: Call): Promise<FileSystemStatistics> {
    return this.#on(node, "statfs", call, (store, inner) => store.statistics(inner, call));
  }

  getExtendedAttribute(node: NodeId, name: string, call: Call): Promise<Uint8Array> {
    return this.#on(node, "getxattr", call, (store, inner) => store.getExtendedAttribute(inner, name, call));
  }

  setExtendedAttribute(
    node: NodeId,
    name: string,
    value: Uint8Array,
    mode: "any" | "create" | "replace",
    call: Call,
  ): Promise<void> {
    return this.#on(node, "setxattr", call, (store, inner) =>
      store.setExtendedAttribute(inner, name, value, mode, call),
    );
  }

  listExtendedAttributes(node: NodeId, call: Call): Promise<readonly string[]> {
    return this.#on(node, "listxattr", call, (store, inner) => store.listExtendedAttributes(inner, call));
  }

  removeExtendedAttribute(node: NodeId, name: string, call: Call): Promise<void> {
    return this.#on(node, "removexattr", call, (store, inner) => store.removeExtendedAttribute(inner, name, call));
  }

  /** What the medium's store reports, and after a return that anything may have changed meanwhile. */
  watch(listener: (change: StoreChange) => void): () => void {
    const translate = (change: StoreChange): void => {
      const node = this.#nodes.lastingOf(change.node);
      if (node !== undefined) listener({ ...change, node });
    };
    let end = this.#presence.current?.watch(translate);
    const endChanges = this.#presence.onChange((change) => {
      end?.();
      end = this.#presence.current?.watch(translate);
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

  close(): Promise<void> {
    return this.#presence.close();
  }

  #tryRead(
    node: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    credential: Credential,
  ): ReadResult | undefined {
    const inner = this.#nodes.tryResolve(node, this.#presence.generation);
    return inner === undefined ? undefined : this.#presence.current?.tryRead?.(inner, offset, frames, credential);
  }

  /** Asks the medium's store. A failure that its absence would explain is ENOMEDIUM, when it is absent. */
  async #ask<Answer>(syscall: string, act: (store: Store, generation: number) => Promise<Answer>): Promise<Answer> {
    const store = this.#presence.store(syscall);
    try {
      return await act(store, this.#presence.generation);
    } catch (thrown) {
      const failure = failureFrom(thrown, { syscall });
      if (!suspicious.has(failure.code)) throw thrown;
      await this.#presence.look();
      if (this.#presence.current === store) throw thrown;
      throw noMedium(syscall, failure);
    }
  }

  #on<Answer>(
    node: NodeId,
    syscall: string,
    call: Call,
    act: (store: Store, inner: NodeId, generation: number) => Promise<Answer>,
  ): Promise<Answer> {
    return this.#ask(syscall, async (store, generation) =>
      act(store, await this.#nodes.resolve(store, node, generation, call), generation),
    );
  }

  #onTwo<Answer>(
    one: NodeId,
    other: NodeId,
    syscall: string,
    call: Call,
    act: (store: Store, one: NodeId, other: NodeId) => Promise<Answer>,
  ): Promise<Answer> {
    return this.#on(one, syscall, call, async (store, inner, generation) =>
      act(store, inner, await this.#nodes.resolve(store, other, generation, call)),
    );
  }

  #enter(
    parent: NodeId,
    name: string,
    syscall: string,
    call: Call,
    act: (store: Store, inner: NodeId) => Promise<StoreEntry>,
  ): Promise<StoreEntry> {
    return this.#on(parent, syscall, call, async (store, inner, generation) =>
      this.#nodes.meet(await act(store, inner), parent, name, generation),
    );
  }
}
