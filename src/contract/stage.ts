/**
 * The stage of one case: a fresh store, a second client of the same server where there is one, the users, and short ways to
 * make files and look at them. Every case has its own and cleans it up.
 */
import { type ByteOffset, type CancelSignal, cancelController, decodeFileName, encodeFileName } from "../base/index.ts";
import {
  type AccessMode,
  type Attributes,
  type Call,
  type Credential,
  type NodeId,
  readAccess,
  type Store,
  type StoreEntry,
  writeAccess,
} from "../port/index.ts";

/** What the author of a store hands to a case. */
export interface ContractWorld {
  readonly store: Store;
  /** Another client of the same server: what it changes is a change by others. */
  readonly secondClient?: Store;
  /**
   * Ordinary users with nothing in common, none of them the superuser. The first owns the root directory; a store that
   * knows one user has just it.
   */
  readonly users: readonly [Credential, ...Credential[]];
  /** The credential that passes every check, where the store takes one. */
  readonly superuser?: Credential;
  /** Makes the server lose whatever is not durable, as a power failure does. */
  readonly crash?: () => Promise<void>;
  /** Closes both clients and removes everything. */
  cleanUp(): Promise<void>;
}

/** A store that can be opened fresh and empty, again and again. */
export interface ContractSubject {
  readonly name: string;
  open(): Promise<ContractWorld>;
}

export const reading: AccessMode = readAccess;
export const writing: AccessMode = writeAccess;
export const readingAndWriting: AccessMode = { read: true, write: true, execute: false };

const neverCancelled: CancelSignal = cancelController().signal;

export class Stage {
  readonly store: Store;
  readonly world: ContractWorld;
  readonly root: NodeId;
  /** The owner of the root directory. */
  readonly owner: Call;

  private constructor(world: ContractWorld, root: NodeId) {
    this.world = world;
    this.store = world.store;
    this.root = root;
    this.owner = callOf(world.users[0]);
  }

  static async open(world: ContractWorld): Promise<Stage> {
    const root = await world.store.root(callOf(world.users[0]));
    return new Stage(world, root.node);
  }

  /** A second user with nothing in common with the first; the case must have asked for one. */
  get stranger(): Call {
    const [, stranger] = this.world.users;
    if (stranger === undefined) throw new TypeError("the case needs a second user");
    return callOf(stranger);
  }

  get superuser(): Call {
    if (this.world.superuser === undefined) throw new TypeError("the case needs a superuser");
    return callOf(this.world.superuser);
  }

  /** The other client; the case must have asked for one. */
  get second(): Store {
    if (this.world.secondClient === undefined) throw new TypeError("the case needs a second client");
    return this.world.secondClient;
  }

  /** A node as the other client knows it. */
  async inSecond(...path: readonly string[]): Promise<StoreEntry> {
    let entry = await this.second.root(this.owner);
    for (const name of path) entry = await this.second.lookup(entry.node, name, this.owner);
    return entry;
  }

  /** A file with content, not held by anyone. */
  async file(name: string, text = "", mode = 0o644, parent: NodeId = this.root): Promise<NodeId> {
    const { node } = await this.store.createFile(parent, name, mode | 0o600, this.owner);
    if (text !== "") await this.write(node, 0, text);
    await this.store.setAttributes(node, { mode }, this.owner);
    return node;
  }

  async directory(name: string, mode = 0o755, parent: NodeId = this.root): Promise<NodeId> {
    const { node } = await this.store.makeDirectory(parent, name, mode, this.owner);
    await this.store.setAttributes(node, { mode }, this.owner);
    return node;
  }

  async write(node: NodeId, offset: ByteOffset, text: string, call: Call = this.owner): Promise<Attributes> {
    const bytes = encodeFileName(text);
    const { byteCount, attributes } = await this.store.write(node, offset, [bytes], undefined, call);
    if (byteCount !== bytes.length) throw new RangeError(`a short write of ${byteCount} bytes`);
    return attributes;
  }

  /** What a read of `length` bytes gives, as text. */
  async read(node: NodeId, offset: ByteOffset = 0, length = 4096, call: Call = this.owner): Promise<string> {
    return readText(this.store, node, offset, length, call);
  }

  async names(directory: NodeId): Promise<string[]> {
    const entries = await this.store.list(directory, this.owner);
    return entries.map((entry) => entry.name).sort();
  }
}

export async function readText(
  store: Store,
  node: NodeId,
  offset: ByteOffset,
  length: number,
  call: Call,
): Promise<string> {
  const frame = new Uint8Array(length);
  const { byteCount } = await store.read(node, offset, [frame], call);
  return decodeFileName(frame.subarray(0, byteCount));
}

export function callOf(credential: Credential, signal: CancelSignal = neverCancelled): Call {
  return { credential, signal };
}

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return encodeFileName(text);
}
