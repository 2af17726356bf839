/**
 * The nodes of a medium under names that outlast its absence. A store that is opened anew may give its nodes new ids, so a
 * node is found again by the way it was found before, a name in its parent, and then recognised:
 *
 *   by inode   its inode number and its birth (or kind, where no birth is kept) are the same, whatever its name is by now
 *   by path    it has the same name, kind and birth. For file systems that give out inode numbers anew each time that they are
 *              mounted (FAT, exFAT). The node keeps the name that it was first met under as its id, wherever it is moved
 *
 * Words: the *inner id* is the id that the store of the moment has given, in its generation; a *hold* is the right to a file's
 * content that somebody was granted and has not given back; a *place* is a name in a directory (`medium-places.ts`).
 *
 * Invariants
 *   I1  `#byInner` leads from every inner id of the present generation to its node.
 *   I2  After a return a held node is held again, for every credential and mode, before anything else is asked of it.
 *   I3  Beyond `nodesMax` nodes are forgotten that nobody holds, that no other's place needs and that were not used lately;
 *       their ids are stale then. The search is a clock: a node that was used since the hand last passed goes round once more.
 */
import { Failure, failureFrom, neverFires } from "../../base/index.ts";
import type { AccessMode, Attributes, Call, NodeId, Store, StoreEntry, Version } from "../../port/index.ts";
import type { KnownBy } from "./medium.ts";
import { type Hold, MediumNode, type Place } from "./medium-node.ts";
import { MediumPlaces, pathOf } from "./medium-places.ts";

const evictionStepsMax = 64;

export class MediumNodes {
  readonly #knownBy: KnownBy;
  readonly #nodesMax: number;
  readonly #nodes: Map<NodeId, MediumNode> = new Map();
  readonly #byInner: Map<NodeId, MediumNode> = new Map();
  readonly #places: MediumPlaces;
  #root: MediumNode | undefined;
  #generation = 0;

  constructor(knownBy: KnownBy, nodesMax: number) {
    this.#knownBy = knownBy;
    this.#nodesMax = nodesMax;
    this.#places = new MediumPlaces(knownBy === "inode");
  }

  get size(): number {
    return this.#nodes.size;
  }

  isRoot(id: NodeId): boolean {
    return this.#root?.id === id;
  }

  /** Notes the root; answers it under its lasting id. */
  meetRoot(entry: StoreEntry, generation: number): StoreEntry {
    this.#requirePresent(generation);
    if (this.#root === undefined) this.#root = this.#add(this.#idOf(entry.attributes, "/"), entry);
    else this.#meetAgain(this.#root, entry);
    return { node: this.#root.id, attributes: entry.attributes };
  }

  /** Notes where an inner node was found; answers the entry under its lasting id. ESTALE when it is of an earlier generation. */
  meet(entry: StoreEntry, parentId: NodeId, name: string, generation: number): StoreEntry {
    this.#requirePresent(generation);
    const parent = this.#nodes.get(parentId);
    if (parent === undefined) throw stale();
    let node = this.#recognise(entry, parent, name);
    if (node === undefined) {
      node = this.#add(this.#newId(entry.attributes, parent, name), entry);
      this.#places.put(node, { parent, name });
      this.#makeRoom(node);
    } else {
      this.#meetAgain(node, entry);
      this.#places.put(node, { parent, name });
    }
    return { node: node.id, attributes: entry.attributes };
  }

  /** A node was given one more name from here; notes the answer to that, and passes it on. */
  linked(id: NodeId, parentId: NodeId, name: string, attributes: Attributes): Attributes {
    const node = this.#nodes.get(id);
    const parent = this.#nodes.get(parentId);
    if (node !== undefined && parent !== undefined) this.#places.put(node, { parent, name });
    return this.saw(id, attributes);
  }

  /** Has `act` give a name to another node, or exchange two. Whoever looks for them meanwhile does not miss them. */
  rename(
    fromParent: NodeId,
    fromName: string,
    toParent: NodeId,
    toName: string,
    isExchange: boolean,
    act: () => Promise<void>,
  ): Promise<void> {
    const names: [NodeId, string][] = [
      [fromParent, fromName],
      [toParent, toName],
    ];
    return this.#places.change(names, async () => {
      await act();
      this.#renamed(fromParent, fromName, toParent, toName, isExchange);
    });
  }

  #renamed(fromParent: NodeId, fromName: string, toParent: NodeId, toName: string, isExchange: boolean): void {
    const node = this.#places.at(fromParent, fromName);
    const other = this.#places.at(toParent, toName);
    if (node === other) return;
    const from = this.#nodes.get(fromParent);
    const to = this.#nodes.get(toParent);
    this.#places.take(fromParent, fromName);
    this.#places.take(toParent, toName);
    if (node !== undefined && to !== undefined) this.#places.put(node, { parent: to, name: toName });
    if (!isExchange || other === undefined || from === undefined) return;
    this.#places.put(other, { parent: from, name: fromName });
  }

  /** A name was removed from here. */
  removed(parent: NodeId, name: string): void {
    this.#places.take(parent, name);
  }

  /** The inner id, where it is known without asking. */
  tryResolve(id: NodeId, generation: number): NodeId | undefined {
    const node = this.#nodes.get(id);
    if (node?.generation !== generation) return undefined;
    node.isRecentlyUsed = true;
    return node.innerId;
  }

  /** The inner id; after a return the node is looked for where it was, and held as it was. ESTALE when it is not there. */
  async resolve(store: Store, id: NodeId, generation: number, call: Call): Promise<NodeId> {
    this.#requirePresent(generation);
    const node = this.#nodes.get(id);
    if (node === undefined) throw stale();
    node.isRecentlyUsed = true;
    return await this.#resolve(store, node, generation, call);
  }

  async #resolve(store: Store, node: MediumNode, generation: number, call: Call): Promise<NodeId> {
    for (;;) {
      if (node.generation === generation) return node.innerId;
      const isOwn = node.finding?.generation !== generation;
      if (isOwn) node.finding = { generation, innerId: this.#find(store, node, generation, call) };
      const finding = node.finding as NonNullable<MediumNode["finding"]>;
      try {
        return await finding.innerId;
      } catch (thrown) {
        // Somebody else was interrupted, or may not look there: that says nothing of this call.
        if (isOwn) throw thrown;
      } finally {
        if (node.finding === finding) node.finding = undefined;
      }
    }
  }

  async #find(store: Store, node: MediumNode, generation: number, call: Call): Promise<NodeId> {
    const found = node === this.#root ? await store.root(call) : await this.#findByPlace(store, node, generation, call);
    await holdAgain(store, found.node, node.holds);
    this.#requirePresent(generation);
    this.#arrive(node, found);
    return found.node;
  }

  /** Where it was met last, or else under another of its names; and again where it has got others meanwhile. */
  async #findByPlace(store: Store, node: MediumNode, generation: number, call: Call): Promise<StoreEntry> {
    for (;;) {
      const { places } = node;
      const found = await this.#findAt(places, store, node, generation, call);
      if (found !== undefined) return found;
      await this.#places.settled(places);
      this.#requirePresent(generation);
      if (node.places === places) throw stale();
    }
  }

  async #findAt(
    places: readonly Place[],
    store: Store,
    node: MediumNode,
    generation: number,
    call: Call,
  ): Promise<StoreEntry | undefined> {
    for (const { parent, name } of places.toReversed()) {
      try {
        const found = await store.lookup(await this.#resolve(store, parent, generation, call), name, call);
        if (this.#isSame(node, found.attributes)) return found;
      } catch (thrown) {
        if (!isMissing(thrown)) throw thrown;
        this.#requirePresent(generation);
      }
    }
    return undefined;
  }

  /** Notes a hold that the store of a generation gave. ESTALE when another one is in use by now, which knows nothing of it. */
  held(id: NodeId, mode: AccessMode, call: Call, generation: number): void {
    this.#requirePresent(generation);
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    node.holds ??= new Map();
    const key = holdKey(mode, call);
    const hold = node.holds.get(key) ?? { mode, credential: call.credential, count: 0, given: 0 };
    hold.count += 1;
    hold.given += 1;
    node.holds.set(key, hold);
  }

  /** Notes that a hold was given back; answers the inner id where the store of this generation gave it and is to hear of that. */
  released(id: NodeId, mode: AccessMode, call: Call, generation: number): NodeId | undefined {
    const node = this.#nodes.get(id);
    const key = holdKey(mode, call);
    const hold = node?.holds?.get(key);
    if (node === undefined || hold === undefined) return undefined;
    hold.count -= 1;
    if (hold.count === 0) node.holds?.delete(key);
    if (node.holds?.size === 0) node.holds = undefined;
    if (node.generation !== generation || hold.given <= hold.count) return undefined;
    hold.given -= 1;
    return node.innerId;
  }

  /** Notes what a look at a node, or a write to it, was answered: others may be under way, and answered in any order. */
  noticed(id: NodeId, attributes: Attributes): Attributes {
    const node = this.#nodes.get(id);
    if (node !== undefined && isNews(node.attributes, attributes)) node.attributes = attributes;
    return attributes;
  }

  /** Notes the answer to a change of a node that goes alone, and passes it on. */
  saw<Answer extends Attributes>(id: NodeId, attributes: Answer): Answer {
    const node = this.#nodes.get(id);
    if (node !== undefined) node.attributes = attributes;
    return attributes;
  }

  /** The store knows it no more: while the medium is out it is told without a name, until it is found again. */
  gone(id: NodeId): void {
    const node = this.#nodes.get(id);
    if (node !== undefined) node.attributes = { ...node.attributes, linkCount: 0 };
  }

  /** What was last said of a node that somebody holds. */
  attributesOfHeld(id: NodeId): Attributes | undefined {
    const node = this.#nodes.get(id);
    return node?.holds === undefined ? undefined : node.attributes;
  }

  /** Bytes from here led from the earlier versions to this one, and their writer has not been told. */
  ledTo(id: NodeId, earlier: readonly Version[], version: Version): void {
    const node = this.#nodes.get(id);
    if (node !== undefined) node.led = { earlier: new Set([...(node.led?.earlier ?? []), ...earlier]), version };
  }

  /** The version that a writer means who expects `expected`: an earlier one stands for what became of it. */
  meantBy(id: NodeId, expected: Version | undefined): Version | undefined {
    const led = this.#nodes.get(id)?.led;
    return led !== undefined && expected !== undefined && led.earlier.has(expected) ? led.version : expected;
  }

  /** Its writer has been told where it stands. */
  told(id: NodeId): void {
    const node = this.#nodes.get(id);
    if (node !== undefined) node.led = undefined;
  }

  /** The lasting id of an inner one. */
  lastingOf(innerId: NodeId): NodeId | undefined {
    return this.#byInner.get(innerId)?.id;
  }

  ids(): Iterable<NodeId> {
    return this.#nodes.keys();
  }

  /** What is learnt of an earlier store counts no more. */
  #requirePresent(generation: number): void {
    if (generation > this.#generation) {
      this.#generation = generation;
      this.#byInner.clear();
      this.#places.leave();
    }
    if (generation !== this.#generation) throw stale();
  }

  #recognise(entry: StoreEntry, parent: MediumNode, name: string): MediumNode | undefined {
    if (this.#knownBy === "inode") return this.#nodes.get(this.#idOf(entry.attributes, name));
    const known = this.#byInner.get(entry.node);
    if (known !== undefined) return known;
    const there = this.#places.at(parent.id, name);
    if (there === undefined || !this.#isSame(there, entry.attributes)) return undefined;
    if (there.generation !== this.#generation) return there;
    // The kernel forgets the numbers of files that nobody has open: it is the same file if nothing of it was changed.
    const { version, changeTimeNs } = entry.attributes;
    const isUnchanged = there.attributes.version === version && there.attributes.changeTimeNs === changeTimeNs;
    return there.holds === undefined && isUnchanged ? there : undefined;
  }

  #isSame(node: MediumNode, found: Attributes): boolean {
    if (this.#knownBy === "inode") return this.#idOf(found, "") === node.id;
    return found.kind === node.attributes.kind && found.birthTimeNs === node.attributes.birthTimeNs;
  }

  /** Where no birth is kept, an inode number that was given again means another node at least where that is of another kind. */
  #idOf({ inode, birthTimeNs, kind }: Attributes, path: string): NodeId {
    const birth = birthTimeNs.toString(36);
    if (this.#knownBy === "path") return `${birth}:${path}`;
    return `${inode.toString(36)}.${birthTimeNs === 0n ? kind : birth}`;
  }

  /** An id that no other node has: who was met under this path before may have been moved away. */
  #newId(attributes: Attributes, parent: MediumNode, name: string): NodeId {
    const id = this.#idOf(attributes, this.#knownBy === "inode" ? name : pathOf({ parent, name }));
    if (!this.#nodes.has(id)) return id;
    let count = 2;
    while (this.#nodes.has(`${id}#${count}`)) count += 1;
    return `${id}#${count}`;
  }

  #add(id: NodeId, entry: StoreEntry): MediumNode {
    const node = new MediumNode(id, entry, this.#generation);
    this.#nodes.set(id, node);
    this.#byInner.set(entry.node, node);
    return node;
  }

  #meetAgain(node: MediumNode, entry: StoreEntry): void {
    node.isRecentlyUsed = true;
    // It has to be held again first.
    if (node.generation !== this.#generation && node.holds !== undefined) return;
    this.#arrive(node, entry);
  }

  #arrive(node: MediumNode, { node: innerId, attributes }: StoreEntry): void {
    if (this.#byInner.get(node.innerId) === node) this.#byInner.delete(node.innerId);
    node.innerId = innerId;
    // A look at a name may be answered after a later change of the file was.
    const isLatest = node.generation !== this.#generation || isNews(node.attributes, attributes);
    node.generation = this.#generation;
    if (isLatest) node.attributes = attributes;
    // What was not durable may be lost with the medium; what is at another version was changed by others.
    if (node.led?.version !== attributes.version) node.led = undefined;
    this.#byInner.set(innerId, node);
  }

  #makeRoom(met: MediumNode): void {
    let steps = 0;
    for (const node of this.#nodes.values()) {
      if (this.#nodes.size <= this.#nodesMax || steps++ >= evictionStepsMax) return;
      const isNeeded = node === met || node === this.#root || node.childCount > 0 || node.holds !== undefined;
      this.#nodes.delete(node.id);
      if (isNeeded || node.isRecentlyUsed || node.finding !== undefined) {
        node.isRecentlyUsed = false;
        this.#nodes.set(node.id, node);
        continue;
      }
      if (this.#byInner.get(node.innerId) === node) this.#byInner.delete(node.innerId);
      this.#places.takeAll(node);
    }
  }
}

function stale(): Failure {
  return new Failure("ESTALE", { syscall: "lookup" });
}

/** Whoever asks for a node by its id asked for no name: one that is missing is the node's. */
export function isMissing(thrown: unknown): boolean {
  const { code } = failureFrom(thrown);
  return code === "ENOENT" || code === "ESTALE";
}

function holdKey({ read, write, execute }: AccessMode, { credential }: Call): string {
  return `${Number(read)}${Number(write)}${Number(execute)} ${credential.id}`;
}

/** A right that the store does not give again is lost: what is asked of the file then is decided by its mode bits. */
async function holdAgain(store: Store, node: NodeId, holds: ReadonlyMap<string, Hold> | undefined): Promise<void> {
  for (const hold of [...(holds?.values() ?? [])]) {
    const { mode, credential } = hold;
    const call = { credential, signal: neverFires };
    hold.given = 0;
    try {
      for (; hold.given < hold.count; hold.given++) await store.hold(node, mode, call);
      // What was given back meanwhile.
      for (; hold.given > hold.count; hold.given--) await store.release(node, mode, call);
    } catch {}
  }
}

/** Whether this was said after that. Of the same instant, the greater size: writes that go side by side only add. */
function isNews(before: Attributes, said: Attributes): boolean {
  if (said.changeTimeNs !== before.changeTimeNs) return said.changeTimeNs > before.changeTimeNs;
  return said.size >= before.size;
}
