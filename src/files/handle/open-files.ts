/**
 * The open files of a volume. Opening asks the store for the right (`hold`) and for fresh attributes, so that a file
 * closed by one client is seen whole by the next that opens it (close-to-open, as AFS and NFS have it).
 *
 * Invariants
 *   I1  Each handle in `#handles` has exactly one hold at the store; the last close of a writer leaves its hold to the
 *       node while bytes written under it have not been taken, and the node stays used as long. Of equal ones, by credential
 *       and mode, one stays (`lingeringHolds`).
 *   I2  `handleCount` of a node is the number of its handles here; a removed node loses its pages with the last one,
 *       and is not opened again.
 */
import { Failure, failureFrom } from "../../base/index.ts";
import type { AccessMode, Call, Credential } from "../../port/index.ts";
import type { AttributeCache } from "../nodes/attribute-cache.ts";
import { checkHandleCounts, type LingeringHold, type VolumeNode } from "../nodes/volume-node.ts";
import { allowsRead, allowsWrite, openFlags } from "../open-flags.ts";
import { inBackground, type VolumeCore } from "../volume-core.ts";
import { OpenHandle } from "./open-handle.ts";

export class OpenFiles {
  readonly #core: VolumeCore;
  readonly #attributes: AttributeCache;
  readonly #handles = new Map<number, OpenHandle>();
  #lastFd = 0;

  constructor(core: VolumeCore, attributes: AttributeCache) {
    this.#core = core;
    this.#attributes = attributes;
  }

  get handles(): Iterable<OpenHandle> {
    return this.#handles.values();
  }

  nextFd(): number {
    return ++this.#lastFd;
  }

  /** Opens a regular file. A file made just now has nothing to cut and nothing to ask. */
  async open(
    node: VolumeNode,
    flags: number,
    call: Call,
    processId?: number,
    madeJustNow = false,
  ): Promise<OpenHandle> {
    requireRegular(node, flags);
    if (this.#core.closed) throw new Failure("ENOTCONN", { syscall: "open", path: node.path });
    using pin = this.#core.nodes.pin(node);
    const mode: AccessMode = { read: allowsRead(flags), write: allowsWrite(flags), execute: false };
    const { accessGeneration } = pin.node;
    const asked = this.#askForAttributes(pin.node, call, madeJustNow);
    // A refused open is told as such, whatever becomes of the attributes.
    inBackground(asked);
    try {
      await this.#core.store.hold(pin.node.id, mode, call);
    } catch (thrown) {
      const failure = failureFrom(thrown, { syscall: "open", path: node.path });
      throw this.#attributes.refused(pin.node, call.credential, failure);
    }
    try {
      await asked;
      if (this.#core.closed) throw new Failure("ENOTCONN", { syscall: "open", path: node.path });
      // The last handle took the pages along while this one was asked for.
      if (isLost(pin.node)) throw new Failure("ESTALE", { syscall: "open", path: node.path });
    } catch (thrown) {
      await this.#attributes.giveBack(pin.node, mode, call.credential);
      throw thrown;
    }
    const handle = this.#admit(pin.node, flags, call, processId, accessGeneration);
    // A file without bytes must survive a crash too, once it was synced.
    if (madeJustNow && this.#core.store.manifest.durability === "volatile") pin.node.space?.durability.took();
    if (!madeJustNow && (flags & openFlags.O_TRUNC) !== 0) await this.#cut(handle, call);
    return handle;
  }

  /** Both questions of an open travel together. A file made just now, or one whose changes are reported, is known. */
  async #askForAttributes(node: VolumeNode, call: Call, madeJustNow: boolean): Promise<void> {
    if (madeJustNow || this.#core.store.manifest.reportsChanges) await this.#attributes.get(node, call);
    else await this.#attributes.refresh(node, call);
  }

  /** O_TRUNC asks for the right to write even where the open itself is for reading only. */
  async #cut(handle: OpenHandle, call: Call): Promise<void> {
    try {
      await this.#attributes.set(handle.node, { size: 0, killSetId: call.credential.uid !== 0 }, call);
    } catch (thrown) {
      await handle.release();
      throw failureFrom(thrown, { syscall: "open", path: handle.path });
    }
  }

  #admit(
    node: VolumeNode,
    flags: number,
    call: Call,
    processId: number | undefined,
    accessGeneration: number,
  ): OpenHandle {
    const origin = { fd: this.nextFd(), node, flags, credential: call.credential, processId, accessGeneration };
    const handle = new OpenHandle(this.#core, this.#attributes, origin, (closed) => this.#close(closed));
    this.#core.nodes.use(node);
    node.handleCount++;
    if (handle.writable) node.countWriter(call.credential, 1);
    this.#handles.set(handle.fd, handle);
    return handle;
  }

  async #close(handle: OpenHandle): Promise<void> {
    const { node, credential } = handle;
    this.#handles.delete(handle.fd);
    node.handleCount--;
    if (handle.writable) node.countWriter(credential, -1);
    const lost = isLost(node);
    if (handle.writable && node.isDirty && !lost && this.#linger(node, credential, handle.readable)) return;
    const mode: AccessMode = { read: handle.readable, write: handle.writable, execute: false };
    if (lost) {
      await this.#core.discardPages(node);
      await this.#core.releaseLingering(node);
    }
    if (node.lostName) await this.#core.commitLastHeld(node);
    await this.#attributes.giveBack(node, mode, credential);
    this.#core.nodes.unuse(node);
  }

  /** Leaves a closed handle's hold to its node, which stays used by it; false when it has an equal one already. */
  #linger(node: VolumeNode, credential: Credential, read: boolean): boolean {
    const isEqual = (hold: LingeringHold): boolean => hold.read === read && hold.credential.id === credential.id;
    if (node.lingeringHolds.some(isEqual)) return false;
    node.lingeringHolds.push({ credential, read });
    return true;
  }

  checkInvariants(): void {
    for (const handle of this.#handles.values()) handle.checkInvariants();
    checkHandleCounts(this.#handles.values());
  }
}

/** Whether nobody can reach the node any more: it has no name and no handle. */
function isLost(node: VolumeNode): boolean {
  return node.removed && node.handleCount === 0;
}

function requireRegular(node: VolumeNode, flags: number): void {
  const path = node.path;
  if ((flags & openFlags.O_DIRECTORY) !== 0 && node.kind !== "directory") {
    throw new Failure("ENOTDIR", { syscall: "open", path });
  }
  if (node.kind === "file") return;
  if (node.kind === "directory") throw new Failure("EISDIR", { syscall: "open", path });
  throw new Failure(node.kind === "symbolicLink" ? "ELOOP" : "ENXIO", { syscall: "open", path });
}
