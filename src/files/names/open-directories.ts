/**
 * The open directories of a volume. Opening asks the store for the right to read (`hold`), which keeps one that loses its name
 * alive: without entries and links, as on a local file system, and with attributes that can be asked for and changed.
 *
 * Invariants
 *   I1  Each handle in `#handles` has exactly one hold at the store, but for directories that were removed from here before they
 *       were opened (a program may still work in one): the store knows these no more.
 *   I2  `handleCount` of a directory is the number of its handles here.
 */
import { Failure, failureFrom } from "../../base/index.ts";
import { type Call, readAccess } from "../../port/index.ts";
import type { AttributeCache } from "../nodes/attribute-cache.ts";
import { checkHandleCounts, type VolumeNode } from "../nodes/volume-node.ts";
import type { VolumeCore } from "../volume-core.ts";
import type { Namespace } from "./namespace.ts";
import { type DirectoryOrigin, OpenDirectory } from "./open-directory.ts";

export class OpenDirectories {
  readonly #core: VolumeCore;
  readonly #attributes: AttributeCache;
  readonly #namespace: Namespace;
  readonly #handles = new Set<OpenDirectory>();

  constructor(core: VolumeCore, attributes: AttributeCache, namespace: Namespace) {
    this.#core = core;
    this.#attributes = attributes;
    this.#namespace = namespace;
  }

  get handles(): Iterable<OpenDirectory> {
    return this.#handles;
  }

  /** `fd` is the number that the handle gets. */
  async open(node: VolumeNode, fd: number, call: Call): Promise<OpenDirectory> {
    const { path } = node;
    if (node.kind !== "directory") throw new Failure("ENOTDIR", { syscall: "opendir", path });
    using pin = this.#core.nodes.pin(node);
    this.#requireOpen(path);
    const isHeld = await this.#hold(pin.node, call);
    try {
      this.#requireOpen(path);
    } catch (thrown) {
      if (isHeld) await this.#attributes.giveBack(pin.node, readAccess, call.credential);
      throw thrown;
    }
    return this.#admit({ fd, node: pin.node, credential: call.credential, isHeld });
  }

  /** Asks the store for the right to read; false of a directory that it knows no more, for it was removed from here. */
  async #hold(node: VolumeNode, call: Call): Promise<boolean> {
    try {
      await this.#core.store.hold(node.id, readAccess, call);
      return true;
    } catch (thrown) {
      const failure = failureFrom(thrown, { syscall: "opendir", path: node.path });
      const refusal = this.#attributes.refused(node, call.credential, failure);
      if (refusal.code === "ESTALE" && node.nameless) return false;
      throw refusal;
    }
  }

  #requireOpen(path: string): void {
    if (this.#core.closed) throw new Failure("ENOTCONN", { syscall: "opendir", path });
  }

  #admit(origin: DirectoryOrigin): OpenDirectory {
    const handle = new OpenDirectory(this.#core, this.#attributes, this.#namespace, origin, () => this.#close(handle));
    this.#core.nodes.use(origin.node);
    origin.node.handleCount++;
    this.#handles.add(handle);
    return handle;
  }

  async #close(handle: OpenDirectory): Promise<void> {
    const { node, credential, isHeld } = handle;
    this.#handles.delete(handle);
    node.handleCount--;
    if (isHeld) await this.#attributes.giveBack(node, readAccess, credential);
    this.#core.nodes.unuse(node);
  }

  checkInvariants(): void {
    checkHandleCounts(this.#handles);
  }
}
