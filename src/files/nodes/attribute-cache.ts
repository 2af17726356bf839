/**
 * Attributes: what is cached, when it is believed, and how each answer of the store changes it.
 *
 *   asked for   (lookup, getattr)      `learn`:   believed unless the node was changed from here after the question, a later
 *                                                 question was answered before, or a change from here is under way and nobody
 *                                                 can say whose version that is
 *   our change  (setattr, link)        `adopt`:   always believed
 *   write-back  (the store took bytes) `written`: shown unless an answer to a later write came first, and believed no longer
 *
 * An answer is believed for the attribute time-out from the *question* on, as NFS does: it may have been under way for long, or
 * lain here while the process was stopped, and what others did meanwhile it does not tell (G17).
 *
 * An answer that shows another mode, owner, group, or a change time that moved for no reason of ours ends all grants and
 * sends open handles back to the store (S5.5). One that shows another version lets the pages be read again and tells the
 * mount.
 */
import { assert, Failure, failureFrom } from "../../base/index.ts";
import { type AddressSpace, classify } from "../../cache/index.ts";
import type { AccessMode, AttributeChanges, Attributes, Call, Credential } from "../../port/index.ts";
import type { Handle } from "../handle.ts";
import { type Asked, callOf, type VolumeCore } from "../volume-core.ts";
import { attributeView } from "./attribute-view.ts";
import { observerOf } from "./space-observer.ts";
import type { VolumeNode } from "./volume-node.ts";
import { changedWithoutStore } from "./without-store.ts";

const setIdBits = 0o6000;

export class AttributeCache {
  readonly #core: VolumeCore;

  constructor(core: VolumeCore) {
    this.#core = core;
  }

  /** Whether what is cached of the node may be shown to the credential now. */
  maySee(node: VolumeNode, credential: Credential): boolean {
    const nowMs = this.#core.clock.nowMs();
    return node.attributesUntilMs > nowMs && node.grants.hasAttributes(credential, nowMs);
  }

  /** Whether the store's last word on the node is still believed. */
  isFresh(node: VolumeNode): boolean {
    return node.attributesUntilMs > this.#core.clock.nowMs();
  }

  tryGet(node: VolumeNode, credential: Credential): Attributes | undefined {
    return this.maySee(node, credential) ? attributeView(node) : undefined;
  }

  async get(node: VolumeNode, call: Call): Promise<Attributes> {
    if (!this.maySee(node, call.credential)) await this.refresh(node, call);
    return attributeView(node);
  }

  /** Asks the store, whatever is cached. */
  async refresh(node: VolumeNode, call: Call): Promise<void> {
    const asked = this.#core.asking();
    try {
      this.learn(node, await this.#core.store.getAttributes(node.id, call), call.credential, asked);
    } catch (thrown) {
      const failure = this.refused(node, call.credential, failureFrom(thrown, { syscall: "stat" }));
      if (failure.code !== "ESTALE" || !node.nameless) throw failure;
      this.#outliveName(node, { ...node.attributes, linkCount: 0 }, call.credential, asked);
    }
  }

  /** The store knows the node no more, for its last name was removed from here: this is what whoever has it open sees. */
  #outliveName(node: VolumeNode, attributes: Attributes, credential: Credential, asked: Asked): void {
    if (accessDiffers(node.attributes, attributes)) this.#core.accessChanged(node);
    node.attributes = attributes;
    node.attributesUntilMs = Number.POSITIVE_INFINITY;
    node.grants.giveAttributes(credential, Number.POSITIVE_INFINITY, asked.at);
  }

  /** Takes in an answer to a question. */
  learn(node: VolumeNode, fresh: Attributes, credential: Credential, asked: Asked): void {
    const untilMs = asked.atMs + this.#core.options.attributeTimeoutMs;
    let toldOfChange = false;
    if (node.changedAt <= asked.at && node.answeredAt <= asked.at) {
      node.answeredAt = asked.at;
      const known = node.attributes;
      const explained = node.changeTimeExplained || fresh.changeTimeNs === known.changeTimeNs;
      toldOfChange = !explained || accessDiffers(known, fresh);
      if (toldOfChange) this.#core.accessChanged(node);
      node.attributes = fresh;
      node.changeTimeExplained = false;
      const believed = node.space?.version ?? known.version;
      const wasJudged = node.space?.revalidate(fresh, node.space.changeCount) ?? true;
      if (wasJudged) node.attributesUntilMs = untilMs;
      // A version that our own write-back under way has led to is no news to anybody.
      const changedElsewhere = (node.space?.version ?? fresh.version) !== believed;
      if (changedElsewhere && node.kind === "file" && this.#core.events.wants("invalidate")) {
        this.#core.events.emit("invalidate", { what: "content", node, start: 0, end: undefined });
      }
    }
    node.grants.giveAttributes(credential, untilMs, asked.at, toldOfChange);
  }

  /** Makes a change of ours, and takes in the attributes that it led to. */
  async change(node: VolumeNode, credential: Credential, make: () => Promise<Attributes>): Promise<void> {
    const asked = this.#core.asking();
    this.adopt(node, await make(), credential, asked);
  }

  /** Takes in the attributes that a change of ours led to. */
  adopt(node: VolumeNode, changed: Attributes, credential: Credential, asked: Asked): void {
    const known = node.attributes;
    this.#core.changed(node);
    const toldOfChange = accessDiffers(known, changed);
    if (toldOfChange) this.#core.accessChanged(node);
    const untilMs = asked.atMs + this.#core.options.attributeTimeoutMs;
    node.attributes = changed;
    node.attributesUntilMs = untilMs;
    node.changeTimeExplained = false;
    node.grants.giveAttributes(credential, untilMs, asked.at, toldOfChange);
  }

  /** Takes in the attributes that came with an accepted write, for as long as what was known before is believed. */
  written(node: VolumeNode, written: Attributes): void {
    this.#core.changed(node);
    if (written.changeTimeNs < node.attributes.changeTimeNs) return;
    if (accessDiffers(node.attributes, written)) this.#core.accessChanged(node);
    node.attributes = written;
  }

  /** A refusal of the credential ends its grant; another failure does not. */
  endGrantFor(node: VolumeNode, credential: Credential, failure: unknown): void {
    if (!(failure instanceof Failure) || classify(failure) !== "permission") return;
    node.grants.end(credential, ++this.#core.changeCount);
  }

  /** A refusal ends the credential's grant; a node that has gone loses its cached name. Answers with the failure. */
  refused(node: VolumeNode, credential: Credential, failure: Failure): Failure {
    this.endGrantFor(node, credential, failure);
    switch (failure.code) {
      case "ENOENT":
      case "ESTALE":
        this.#core.entries.removeNode(node);
        this.#core.expire(node);
        return failure.code === "ESTALE" ? failure : new Failure("ESTALE", { syscall: "stat", cause: failure });
      default:
        return failure;
    }
  }

  /** Nothing can be done about a store that does not take a hold back; the failure that matters was told before. */
  async giveBack(node: VolumeNode, mode: AccessMode, credential: Credential): Promise<void> {
    try {
      await this.#core.store.release(node.id, mode, callOf(credential));
    } catch (thrown) {
      this.refused(node, credential, failureFrom(thrown));
    }
  }

  /**
   * Changes attributes. Dirty bytes are sent first when times, mode or owner change: a later write-back would undo the
   * times, and might no longer be allowed. With a handle the size changes by the handle's right.
   */
  async set(node: VolumeNode, changes: AttributeChanges, call: Call, handle?: Handle): Promise<Attributes> {
    const { size, killSetId, ...others } = changes;
    if (size !== undefined) {
      await this.#truncate(node, size, handle === undefined ? call : callOf(handle.credential, call.signal));
    }
    const killsSetId = killSetId === true && (node.attributes.mode & setIdBits) !== 0;
    if (killsSetId || Object.keys(others).length > 0) {
      await this.#setOthers(node, killsSetId ? { ...others, killSetId } : others, call);
    } else if (size === undefined) {
      await this.get(node, call);
    }
    return attributeView(node);
  }

  async #truncate(node: VolumeNode, size: number, call: Call): Promise<void> {
    if (node.kind === "directory") throw new Failure("EISDIR", { syscall: "truncate" });
    if (node.kind !== "file") throw new Failure("EINVAL", { syscall: "truncate" });
    try {
      await this.change(node, call.credential, () => this.spaceOf(node).truncate(size, call));
    } catch (thrown) {
      throw this.refused(node, call.credential, failureFrom(thrown, { syscall: "truncate" }));
    }
  }

  async #setOthers(node: VolumeNode, changes: AttributeChanges, call: Call): Promise<void> {
    const { store } = this.#core;
    try {
      if (node.isDirty) await node.space?.writeback("attributes", call);
      const set = () => store.setAttributes(node.id, changes, call);
      const { space } = node;
      await this.change(node, call.credential, () => (space === undefined ? set() : space.changeAtStore(call, set)));
    } catch (thrown) {
      const failure = this.refused(node, call.credential, failureFrom(thrown, { syscall: "setattr" }));
      if (failure.code !== "ESTALE" || !node.nameless) throw failure;
      const changed = changedWithoutStore(node.attributes, changes, call.credential, this.#core.clock.wallTimeNs());
      this.#outliveName(node, changed, call.credential, this.#core.asking());
    }
  }

  /** The node's address space, made when first asked for. The caller keeps the node used meanwhile. */
  spaceOf(node: VolumeNode): AddressSpace {
    if (node.space !== undefined) return node.space;
    assert(node.userCount > 0, "a node with an address space is used when it gets it");
    const space = this.#core.cache.createSpace(node.id, node.attributes, observerOf(this.#core, this, node));
    node.space = space;
    if (this.#core.droppedUncommitted) space.durability.took();
    this.#core.spaces.add(node);
    return space;
  }
}

function accessDiffers(known: Attributes, other: Attributes): boolean {
  return known.mode !== other.mode || known.uid !== other.uid || known.gid !== other.gid;
}
