/**
 * The same small set of file operations on two sides, a bare store and a volume over one, with answers that are plain
 * values, so that a test can compare what each side says.
 */
import { Failure, neverFires } from "../../src/base/index.ts";
import type { CachedVolume } from "../../src/files/cached-volume.ts";
import { type Handle, openFlags } from "../../src/files/index.ts";
import { type AccessMode, type Call, type NodeId, type Store, superuser } from "../../src/port/index.ts";

const call: Call = { credential: superuser, signal: neverFires };
const bothWays: AccessMode = { read: true, write: true, execute: false };
/** The same small set of operations on either side; answers are plain values. */
export interface Side {
  make(kind: "file" | "directory" | "link", parent: string, name: string): Promise<unknown>;
  remove(kind: "file" | "directory", parent: string, name: string): Promise<unknown>;
  rename(
    from: string,
    fromName: string,
    to: string,
    toName: string,
    mode: "replace" | "noReplace" | "exchange",
  ): Promise<unknown>;
  link(path: string, parent: string, name: string): Promise<unknown>;
  stat(path: string): Promise<unknown>;
  list(path: string): Promise<unknown>;
  chmod(path: string, mode: number): Promise<unknown>;
  truncate(path: string, size: number): Promise<unknown>;
  open(slot: number, path: string): Promise<unknown>;
  write(slot: number, position: number, bytes: Uint8Array): Promise<unknown>;
  read(slot: number, position: number, length: number): Promise<unknown>;
  close(slot: number): Promise<unknown>;
}

export class BareSide implements Side {
  readonly store: Store;
  readonly #open: (NodeId | undefined)[] = [];

  constructor(store: Store) {
    this.store = store;
  }

  /** The whole content of a file. */
  async content(path: string): Promise<string> {
    const node = await this.find(path);
    const target = new Uint8Array((await this.store.getAttributes(node, call)).size);
    await this.store.read(node, 0, [target], call);
    return Buffer.from(target).toString("latin1");
  }

  async find(path: string): Promise<NodeId> {
    let { node } = await this.store.root(call);
    for (const name of path.split("/").filter(Boolean)) node = (await this.store.lookup(node, name, call)).node;
    return node;
  }

  async make(kind: "file" | "directory" | "link", parent: string, name: string): Promise<unknown> {
    const at = await this.find(parent);
    if (kind === "file") await this.store.createFile(at, name, 0o644, call);
    else if (kind === "directory") await this.store.makeDirectory(at, name, 0o755, call);
    else await this.store.makeSymbolicLink(at, name, "target", call);
    return "made";
  }

  async remove(kind: "file" | "directory", parent: string, name: string): Promise<unknown> {
    const at = await this.find(parent);
    return kind === "file" ? this.store.remove(at, name, call) : this.store.removeDirectory(at, name, call);
  }

  async rename(
    from: string,
    fromName: string,
    to: string,
    toName: string,
    mode: "replace" | "noReplace" | "exchange",
  ): Promise<unknown> {
    return this.store.rename(await this.find(from), fromName, await this.find(to), toName, mode, call);
  }

  async link(path: string, parent: string, name: string): Promise<unknown> {
    await this.store.link(await this.find(path), await this.find(parent), name, call);
    return "linked";
  }

  async stat(path: string): Promise<unknown> {
    const { kind, mode, size, linkCount } = await this.store.getAttributes(await this.find(path), call);
    return { kind, mode, linkCount, size: kind === "file" ? size : 0 };
  }

  async list(path: string): Promise<unknown> {
    const entries = await this.store.list(await this.find(path), call);
    return entries.map(({ name, kind }) => `${name} ${kind}`).sort();
  }

  async chmod(path: string, mode: number): Promise<unknown> {
    return (await this.store.setAttributes(await this.find(path), { mode }, call)).mode;
  }

  async truncate(path: string, size: number): Promise<unknown> {
    return (await this.store.setAttributes(await this.find(path), { size }, call)).size;
  }

  async open(slot: number, path: string): Promise<unknown> {
    const node = await this.find(path);
    const { kind } = await this.store.getAttributes(node, call);
    if (kind !== "file") throw new Failure(kind === "directory" ? "EISDIR" : "ELOOP");
    await this.store.hold(node, bothWays, call);
    this.#open[slot] = node;
    return "open";
  }

  async write(slot: number, position: number, bytes: Uint8Array): Promise<unknown> {
    const node = this.#open[slot];
    return node === undefined ? "closed" : (await this.store.write(node, position, [bytes], undefined, call)).byteCount;
  }

  async read(slot: number, position: number, length: number): Promise<unknown> {
    const node = this.#open[slot];
    if (node === undefined) return "closed";
    const target = new Uint8Array(length);
    const { byteCount } = await this.store.read(node, position, [target], call);
    return Buffer.from(target.subarray(0, byteCount)).toString("latin1");
  }

  async close(slot: number): Promise<unknown> {
    const node = this.#open[slot];
    if (node === undefined) return "closed";
    this.#open[slot] = undefined;
    await this.store.release(node, bothWays, call);
    return "now closed";
  }
}

export class VolumeSide implements Side {
  readonly volume: CachedVolume;
  readonly #open: (Handle | undefined)[] = [];

  readonly #writesThrough: boolean;

  /** @param writesThrough Whether each write is sent at once, so that other clients find it. */
  constructor(volume: CachedVolume, writesThrough = false) {
    this.volume = volume;
    this.#writesThrough = writesThrough;
  }

  async find(path: string) {
    let node = this.volume.root;
    for (const name of path.split("/").filter(Boolean)) node = await this.volume.lookup(node, name, call);
    return node;
  }

  async make(kind: "file" | "directory" | "link", parent: string, name: string): Promise<unknown> {
    const at = await this.find(parent);
    if (kind === "file") await (await this.volume.createFile(at, name, 0o644, openFlags.O_RDWR, call)).release();
    else if (kind === "directory") await this.volume.makeDirectory(at, name, 0o755, call);
    else await this.volume.makeSymbolicLink(at, name, "target", call);
    return "made";
  }

  async remove(kind: "file" | "directory", parent: string, name: string): Promise<unknown> {
    const at = await this.find(parent);
    return kind === "file" ? this.volume.unlink(at, name, call) : this.volume.removeDirectory(at, name, call);
  }

  async rename(
    from: string,
    fromName: string,
    to: string,
    toName: string,
    mode: "replace" | "noReplace" | "exchange",
  ): Promise<unknown> {
    return this.volume.rename(await this.find(from), fromName, await this.find(to), toName, mode, call);
  }

  async link(path: string, parent: string, name: string): Promise<unknown> {
    await this.volume.link(await this.find(path), await this.find(parent), name, call);
    return "linked";
  }

  async stat(path: string): Promise<unknown> {
    const node = await this.find(path);
    const cached = this.volume.tryGetAttributes(node, superuser);
    const { kind, mode, size, linkCount } = cached ?? (await this.volume.getAttributes(node, call));
    return { kind, mode, linkCount, size: kind === "file" ? size : 0 };
  }

  async list(path: string): Promise<unknown> {
    const directory = await this.volume.openDirectory(await this.find(path), call);
    const entries = await directory.load().finally(() => directory.release());
    return entries.map(({ name, kind }) => `${name} ${kind}`).sort();
  }

  async chmod(path: string, mode: number): Promise<unknown> {
    return (await this.volume.setAttributes(await this.find(path), { mode }, call)).mode;
  }

  async truncate(path: string, size: number): Promise<unknown> {
    return (await this.volume.setAttributes(await this.find(path), { size }, call)).size;
  }

  async open(slot: number, path: string): Promise<unknown> {
    this.#open[slot] = await this.volume.openNode(await this.find(path), openFlags.O_RDWR, call);
    return "open";
  }

  async write(slot: number, position: number, bytes: Uint8Array): Promise<unknown> {
    const handle = this.#open[slot];
    if (handle === undefined) return "closed";
    let count = handle.tryWrite(position, bytes);
    if (count < 0) count = await handle.writeAt(position, bytes);
    if (this.#writesThrough) await handle.flush();
    return count;
  }

  async read(slot: number, position: number, length: number): Promise<unknown> {
    const handle = this.#open[slot];
    if (handle === undefined) return "closed";
    const target = new Uint8Array(length);
    let count = handle.tryRead(position, target);
    if (count < 0) count = await handle.readAt(position, target);
    return Buffer.from(target.subarray(0, count)).toString("latin1");
  }

  async close(slot: number): Promise<unknown> {
    const handle = this.#open[slot];
    if (handle === undefined) return "closed";
    this.#open[slot] = undefined;
    await handle.flush();
    await handle.release();
    return "now closed";
  }
}
