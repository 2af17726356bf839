/**
 * An open directory. Its snapshot is taken by `load` and stays while names come and go; `lookup` brings the nodes of a
 * stretch of it, a few store calls at a time, for readdirplus.
 *
 *   open ---load, lookup, sync---> open ---release---> closed (everything is EBADF)
 */
import { type CancelSignal, Failure, failureFrom } from "../../base/index.ts";
import type { Call, Credential, DirectoryEntry } from "../../port/index.ts";
import type { DirectoryHandle } from "../directory-handle.ts";
import type { AttributeCache } from "../nodes/attribute-cache.ts";
import type { VolumeNode } from "../nodes/volume-node.ts";
import { noSignal, type VolumeCore } from "../volume-core.ts";
import type { Namespace } from "./namespace.ts";

const lookupsMax = 8;

export interface DirectoryOrigin {
  readonly fd: number;
  readonly node: VolumeNode;
  readonly credential: Credential;
  /** Whether the store holds it; one that it knows no more is empty. */
  readonly isHeld: boolean;
}

export class OpenDirectory implements DirectoryHandle {
  readonly fd: number;
  readonly node: VolumeNode;
  readonly credential: Credential;
  readonly isHeld: boolean;
  entries: readonly DirectoryEntry[] | undefined;

  readonly #core: VolumeCore;
  readonly #attributes: AttributeCache;
  readonly #namespace: Namespace;
  readonly #closed: () => Promise<void>;
  #isOpen = true;

  constructor(
    core: VolumeCore,
    attributes: AttributeCache,
    namespace: Namespace,
    origin: DirectoryOrigin,
    closed: () => Promise<void>,
  ) {
    this.#core = core;
    this.#attributes = attributes;
    this.#namespace = namespace;
    this.#closed = closed;
    this.fd = origin.fd;
    this.node = origin.node;
    this.credential = origin.credential;
    this.isHeld = origin.isHeld;
  }

  get parent(): VolumeNode {
    return this.node.parent ?? this.node;
  }

  async load(signal: CancelSignal = noSignal): Promise<readonly DirectoryEntry[]> {
    const call = this.#callWith(signal);
    try {
      this.entries = this.isHeld ? await this.#core.store.list(this.node.id, call) : [];
      return this.entries;
    } catch (thrown) {
      const failure = failureFrom(thrown, { syscall: "scandir", path: this.node.path });
      throw this.#attributes.refused(this.node, this.credential, failure);
    }
  }

  async lookup(
    start: number,
    count: number,
    signal: CancelSignal = noSignal,
  ): Promise<readonly (VolumeNode | undefined)[]> {
    const call = this.#callWith(signal);
    const wanted = (this.entries ?? []).slice(start, start + count);
    const found: (VolumeNode | undefined)[] = new Array(wanted.length).fill(undefined);
    let next = 0;
    const work = async () => {
      for (let at = next++; at < wanted.length; at = next++) {
        found[at] = await this.#lookupFresh(wanted[at] as DirectoryEntry, call);
      }
    };
    await Promise.all(Array.from({ length: Math.min(lookupsMax, wanted.length) }, work));
    return found;
  }

  async #lookupFresh(entry: DirectoryEntry, call: Call): Promise<VolumeNode | undefined> {
    try {
      const cached = this.#namespace.tryLookup(this.node, entry.name, this.credential);
      if (cached === null) return undefined;
      if (cached !== undefined && this.#attributes.maySee(cached, this.credential)) return cached;
      return await this.#namespace.lookupAtStore(this.node, entry.name, call);
    } catch {
      // A name that cannot be looked up is listed without attributes; whoever asks for it hears why.
      return undefined;
    }
  }

  async sync(signal: CancelSignal = noSignal): Promise<void> {
    const call = this.#callWith(signal);
    try {
      if (this.isHeld) await this.#core.store.commit(this.node.id, call);
    } catch (thrown) {
      throw failureFrom(thrown, { syscall: "fsync", path: this.node.path });
    }
  }

  async release(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.entries = undefined;
    await this.#closed();
  }

  #callWith(signal: CancelSignal): Call {
    if (!this.#isOpen) throw new Failure("EBADF", { syscall: "scandir", path: this.node.path });
    return { credential: this.credential, signal };
  }
}
