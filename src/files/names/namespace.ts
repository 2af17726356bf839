/**
 * Names: finding, making, moving and removing them. Each local change does its store operation and then puts the entry
 * cache right, so that nothing remembered ever hides what was made here. Of changes that overlap in a directory, only the store
 * knows which came last: none of them is remembered.
 *
 * Words. A *hint* is the node that the cache has for a name; the store decides what the name really was, so a hint only
 * serves to put caches right afterwards.
 */
import { Failure, failureFrom } from "../../base/index.ts";
import type { Attributes, Call, Credential, NodeId, NodeKind, RenameMode, StoreEntry } from "../../port/index.ts";
import type { AttributeCache } from "../nodes/attribute-cache.ts";
import { attributeView } from "../nodes/attribute-view.ts";
import type { VolumeNode } from "../nodes/volume-node.ts";
import type { Asked, VolumeCore } from "../volume-core.ts";
import { pathOf } from "./path-of.ts";

export class Namespace {
  readonly #core: VolumeCore;
  readonly #attributes: AttributeCache;

  constructor(core: VolumeCore, attributes: AttributeCache) {
    this.#core = core;
    this.#attributes = attributes;
  }

  tryLookup(parent: VolumeNode, name: string, credential: Credential): VolumeNode | null | undefined {
    const entry = this.#core.entries.find(parent, name);
    if (entry === undefined) return undefined;
    const nowMs = this.#core.clock.nowMs();
    if (entry.untilMs <= nowMs || !parent.grants.hasSearch(credential, nowMs)) return undefined;
    if (entry.node === null) return null;
    if (!entry.node.grants.hasAttributes(credential, nowMs)) return undefined;
    entry.node.recentlyUsed = true;
    return entry.node;
  }

  async lookup(parent: VolumeNode, name: string, call: Call): Promise<VolumeNode> {
    const cached = this.tryLookup(parent, name, call.credential);
    if (cached === null) throw new Failure("ENOENT", { syscall: "lookup", path: pathOf(parent.path, name) });
    return cached ?? this.lookupAtStore(parent, name, call);
  }

  /** Asks the store, whatever is cached. */
  async lookupAtStore(parent: VolumeNode, name: string, call: Call): Promise<VolumeNode> {
    if (parent.kind !== "directory") throw new Failure("ENOTDIR", { syscall: "lookup", path: parent.path });
    using pin = this.#core.nodes.pin(parent);
    const directory = pin.node;
    const { entriesGeneration } = directory;
    const asked = this.#core.asking();
    try {
      const entry = await this.#core.store.lookup(directory.id, name, call);
      // What was found has lost its last name since; whether the name is anything now is asked for again.
      if (this.#core.nodes.removedSince(entry.node, asked.at) !== undefined) {
        return await this.lookupAtStore(parent, name, call);
      }
      this.#searched(directory, call.credential, asked);
      const node = this.#intern(directory, name, entry);
      this.#attributes.learn(node, entry.attributes, call.credential, asked);
      if (directory.entriesGeneration === entriesGeneration) this.#remember(directory, name, node, asked);
      return node;
    } catch (thrown) {
      const failure = failureFrom(thrown, { syscall: "lookup", path: pathOf(parent.path, name) });
      if (failure.code === "ENOENT") {
        this.#searched(directory, call.credential, asked);
        if (directory.entriesGeneration === entriesGeneration) this.#remember(directory, name, null, asked);
        throw failure;
      }
      throw this.#attributes.refused(directory, call.credential, failure);
    }
  }

  /** Does a store operation that makes a name, and takes in what it made. */
  async make(
    parent: VolumeNode,
    name: string,
    call: Call,
    operation: (directory: VolumeNode) => Promise<StoreEntry>,
  ): Promise<VolumeNode> {
    using pin = this.#core.nodes.pin(parent);
    const directory = pin.node;
    const asked = this.#core.asking();
    try {
      const { result: entry, wasAlone } = await this.#changing([directory], () => operation(directory));
      this.#searched(directory, call.credential, asked);
      // Others found and removed it before the store's answer, unless its id was given anew since.
      const lost = this.#core.nodes.removedSince(entry.node, asked.at);
      if (lost !== undefined && (await this.#isNameless(entry.node, call))) return lost;
      const node = this.#intern(directory, name, entry);
      this.#attributes.learn(node, entry.attributes, call.credential, asked);
      this.#rememberChanged(directory, name, node, asked, wasAlone);
      return node;
    } catch (thrown) {
      const failure = failureFrom(thrown, { path: pathOf(parent.path, name) });
      // The name that is there may be one that the cache holds to be missing.
      if (failure.code === "EEXIST") this.#core.entries.remove(directory, name);
      const refusal = this.#attributes.refused(directory, call.credential, failure);
      throw failure.code === "ENOENT" ? failure : refusal;
    }
  }

  /** Whether the store has no name for the node. */
  async #isNameless(id: NodeId, call: Call): Promise<boolean> {
    try {
      return (await this.#core.store.getAttributes(id, call)).linkCount === 0;
    } catch (thrown) {
      const { code } = failureFrom(thrown);
      if (code === "ENOENT" || code === "ESTALE") return true;
      throw thrown;
    }
  }

  makeDirectory(parent: VolumeNode, name: string, mode: number, call: Call): Promise<VolumeNode> {
    return this.make(parent, name, call, ({ id }) => this.#core.store.makeDirectory(id, name, mode, call));
  }

  makeSymbolicLink(parent: VolumeNode, name: string, target: string, call: Call): Promise<VolumeNode> {
    return this.make(parent, name, call, ({ id }) => this.#core.store.makeSymbolicLink(id, name, target, call));
  }

  makeNode(
    parent: VolumeNode,
    name: string,
    kind: NodeKind,
    mode: number,
    device: number,
    call: Call,
  ): Promise<VolumeNode> {
    const { store } = this.#core;
    return this.make(parent, name, call, ({ id }) =>
      kind === "file" ? store.createFile(id, name, mode, call) : store.makeSpecial(id, name, kind, mode, device, call),
    );
  }

  async link(node: VolumeNode, parent: VolumeNode, name: string, call: Call): Promise<Attributes> {
    using pin = this.#core.nodes.pin(parent);
    using target = this.#core.nodes.pin(node);
    const asked = this.#core.asking();
    try {
      const { result: attributes, wasAlone } = await this.#changing([pin.node], () =>
        this.#core.store.link(target.node.id, pin.node.id, name, call),
      );
      this.#attributes.adopt(target.node, attributes, call.credential, asked);
      this.#rememberChanged(pin.node, name, target.node, asked, wasAlone);
      return attributeView(target.node);
    } catch (thrown) {
      this.#core.entries.remove(pin.node, name);
      throw failureFrom(thrown, { syscall: "link", path: node.path, dest: pathOf(parent.path, name) });
    }
  }

  async unlink(parent: VolumeNode, name: string, call: Call): Promise<void> {
    await this.#remove(parent, name, call, (directory) => this.#core.store.remove(directory.id, name, call));
  }

  async removeDirectory(parent: VolumeNode, name: string, call: Call): Promise<void> {
    await this.#remove(parent, name, call, (directory) => this.#core.store.removeDirectory(directory.id, name, call));
  }

  async #remove(
    parent: VolumeNode,
    name: string,
    call: Call,
    operation: (directory: VolumeNode) => Promise<void>,
  ): Promise<void> {
    using pin = this.#core.nodes.pin(parent);
    const directory = pin.node;
    const hint = await this.#nodeToLose(directory, name, call);
    using _kept = hint === undefined ? undefined : this.#core.nodes.pin(hint);
    const asked = this.#core.asking();
    try {
      const { wasAlone } = await this.#changing([directory], () => operation(directory));
      this.#searched(directory, call.credential, asked);
      this.#rememberChanged(directory, name, null, asked, wasAlone);
    } catch (thrown) {
      this.#core.entries.remove(directory, name);
      throw failureFrom(thrown, { path: pathOf(parent.path, name) });
    }
    if (hint !== undefined) await this.#lostName(hint, call);
  }

  async rename(
    fromParent: VolumeNode,
    fromName: string,
    toParent: VolumeNode,
    toName: string,
    mode: RenameMode,
    call: Call,
  ): Promise<void> {
    const { entries, nodes, store } = this.#core;
    using from = nodes.pin(fromParent);
    using to = nodes.pin(toParent);
    const replaced = await this.#nodeToLose(to.node, toName, call);
    using _keptReplaced = replaced === undefined ? undefined : nodes.pin(replaced);
    const moved = this.#freshHint(from.node, fromName);
    using _keptMoved = moved === undefined ? undefined : nodes.pin(moved);
    const asked = this.#core.asking();
    let wasAlone = false;
    try {
      ({ wasAlone } = await this.#changing([from.node, to.node], () =>
        store.rename(from.node.id, fromName, to.node.id, toName, mode, call),
      ));
    } catch (thrown) {
      entries.remove(from.node, fromName);
      entries.remove(to.node, toName);
      throw failureFrom(thrown, {
        syscall: "rename",
        path: pathOf(fromParent.path, fromName),
        dest: pathOf(toParent.path, toName),
      });
    }
    entries.remove(from.node, fromName);
    entries.remove(to.node, toName);
    for (const node of [moved, replaced]) {
      if (node === undefined) continue;
      node.changeTimeExplained = true;
      this.#core.expire(node);
    }
    // Two names of one file stay as they were; what the names are now is asked for again.
    if (moved !== undefined && moved === replaced) return;
    if (moved !== undefined) this.#rememberChanged(to.node, toName, moved, asked, wasAlone);
    if (mode === "exchange") {
      if (replaced !== undefined) this.#rememberChanged(from.node, fromName, replaced, asked, wasAlone);
      return;
    }
    // Replacing one name of a file by another of the same file does nothing, so the old name may still be there.
    if (mode === "noReplace") this.#rememberChanged(from.node, fromName, null, asked, wasAlone);
    if (replaced !== undefined) await this.#lostName(replaced, call);
  }

  /** The node whose name is about to go, so that its link count and its pages are put right; the store is asked if need be. */
  async #nodeToLose(parent: VolumeNode, name: string, call: Call): Promise<VolumeNode | undefined> {
    const entry = this.#core.entries.find(parent, name);
    if (entry !== undefined) return entry.node ?? undefined;
    try {
      return await this.lookupAtStore(parent, name, call);
    } catch {
      // The operation itself will say what is wrong.
      return undefined;
    }
  }

  /** A name of the node was removed. What is open goes on; what nobody can reach any more is let go. */
  async #lostName(node: VolumeNode, call: Call): Promise<void> {
    const wasLast = node.attributes.linkCount <= 1 || node.kind === "directory";
    node.changeTimeExplained = true;
    this.#core.expire(node);
    const removedAt = node.changedAt;
    const isSettled = !node.isDirty && !node.isUncommitted && node.lingeringHolds.length === 0;
    if (node.handleCount === 0 && isSettled) {
      // Anybody who still has a name finds it again at the store.
      node.nameless = wasLast;
      node.forgettable = wasLast;
      return;
    }
    try {
      const asked = this.#core.asking();
      const attributes = await this.#core.store.getAttributes(node.id, call);
      this.#attributes.learn(node, attributes, call.credential, asked);
      if (attributes.linkCount > 0) {
        node.lostName = true;
        return;
      }
    } catch (thrown) {
      const { code } = failureFrom(thrown);
      if (code !== "ENOENT" && code !== "ESTALE") return;
      // It may be found again by another name, as a new node of which nobody knows what is not durable.
      if (!wasLast && node.isUncommitted) this.#core.droppedUncommitted = true;
    }
    node.nameless = true;
    node.removed = true;
    node.removedAt = removedAt;
    if (node.handleCount > 0) return;
    await this.#core.discardPages(node);
    await this.#core.releaseLingering(node);
  }

  /**
   * Runs an operation that changes names, so that lookups under way are not cached and attributes are asked for anew; answers
   * whether no other change of these directories overlapped it.
   */
  async #changing<Result>(
    directories: readonly VolumeNode[],
    operation: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly wasAlone: boolean }> {
    for (const directory of directories) directory.entriesGeneration++;
    const generations = directories.map(({ entriesGeneration }) => entriesGeneration);
    try {
      const result = await operation();
      return {
        result,
        wasAlone: directories.every(({ entriesGeneration }, at) => entriesGeneration === generations[at]),
      };
    } finally {
      for (const directory of directories) {
        directory.entriesGeneration++;
        directory.changeTimeExplained = true;
        this.#core.expire(directory);
      }
    }
  }

  #intern(parent: VolumeNode, name: string, entry: StoreEntry): VolumeNode {
    const node = this.#core.nodes.intern(entry);
    if (node.parent === undefined && node !== parent && node.number !== 1) {
      node.parent = parent;
      node.name = name;
    }
    return node;
  }

  #remember(parent: VolumeNode, name: string, node: VolumeNode | null, asked: Asked): void {
    this.#core.entries.put(parent, name, node, asked.atMs + this.#core.options.entryTimeoutMs);
  }

  /** What a change made of a name; where others overlapped it, the store is asked which one came last. */
  #rememberChanged(parent: VolumeNode, name: string, node: VolumeNode | null, asked: Asked, wasAlone: boolean): void {
    if (wasAlone) this.#remember(parent, name, node, asked);
    else this.#core.entries.remove(parent, name);
  }

  #searched(directory: VolumeNode, credential: Credential, asked: Asked): void {
    directory.grants.giveSearch(credential, asked.atMs + this.#core.options.attributeTimeoutMs, asked.at);
  }

  #freshHint(parent: VolumeNode, name: string): VolumeNode | undefined {
    const entry = this.#core.entries.find(parent, name);
    return entry !== undefined && entry.untilMs > this.#core.clock.nowMs() ? (entry.node ?? undefined) : undefined;
  }
}
