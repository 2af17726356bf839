/**
 * The nodes of a medium under names that outlast its absence. A store that is opened anew may give its nodes new ids, so a
 * node is found again by the way it was first found, the name in its parent, and then recognised:
 *
 *   by inode   its inode number and its birth are the same, whatever its name is by now
 *   by path    it has the same name, kind and birth. For file systems that give out inode numbers anew each time that they are
 *              mounted (FAT, exFAT). The node keeps the name that it was first met under as its id, wherever it is moved
 *
 * Words: the *inner id* is the id that the store of the moment has given, in its generation; a *hold* is the right to a file's
 * content that somebody was granted and has not given back; a *place* is a name in a directory.
 *
 * Invariants
 *   I1  `#byInner` leads from every inner id of the present generation to its node, `#byPlace` from a node's place to it.
 *   I2  `childCount` is the number of nodes whose place is in the node.
 *   I3  After a return a held node is held again, for every credential and mode, before anything else is asked of it.
 *   I4  Beyond `nodesMax` nodes are forgotten that nobody holds, that no other's place needs and that were not used lately;
 *       their ids are stale then. The search is a clock: a node that was used since the hand last passed goes round once more.
 *   I5  Places lead to the root, or to a node that has none; never in a circle.
 */
import { Failure, failureFrom, neverFires } from "../../base/index.ts";
import type { AccessMode, Attributes, Call, Credential, NodeId, Store, StoreEntry, Version } from "../../port/index.ts";
import type { KnownBy } from "./medium.ts";

const evictionStepsMax = 64;

interface Hold {
  readonly mode: AccessMode;
  readonly credential: Credential;
  count: number;
}

interface Place {
  readonly parent: MediumNode;
  readonly name: string;
}

class MediumNode {
  readonly id: NodeId;
  innerId: NodeId;
  generation: number;
  /** What the store said last. */
  attributes: Attributes;
  /** Undefined for the root, and for a node whose name was removed from here. */
  place: Place | undefined;
  childCount = 0;
  isRecentlyUsed = false;
  holds: Map<string, Hold> | undefined;
  /** Where it stood before bytes that its writer was not told of came to it from here, and where it stands since. */
  led: { readonly earlier: ReadonlySet<Version>; readonly version: Version } | undefined;
  /** Under way: it is being looked for after a return. */
  finding: { readonly generation: number; readonly innerId: Promise<NodeId> } | undefined;

  constructor(id: NodeId, { node, attributes }: StoreEntry, generation: number) {
    this.id = id;
    this.innerId = node;
    this.attributes = attributes;
    this.generation = generation;
  }
}

export class MediumNodes {
  readonly #knownBy: KnownBy;
  readonly #nodesMax: number;
  readonly #nodes: Map<NodeId, MediumNode> = new Map();
  readonly #byInner: Map<NodeId, MediumNode> = new Map();
  readonly #byPlace: Map<string, MediumNode> = new Map();
  #root: MediumNode | undefined;
  #generation = 0;

  constructor(knownBy: KnownBy, nodesMax: number) {
    this.#knownBy = knownBy;
    this.#nodesMax = nodesMax;
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
      this.#put(node, { parent, name });
      this.#makeRoom(node);
    } else {
      this.#meetAgain(node, entry);
      this.#put(node, { parent, name });
    }
    return { node: node.id, attributes: entry.attributes };
  }

  /** A name was given to another node from here, or two were exchanged. */
  renamed(fromParent: NodeId, fromName: string, toParent: NodeId, toName: string, isExchange: boolean): void {
    const node = this.#byPlace.get(placeKey(fromParent, fromName));
    const other = this.#byPlace.get(placeKey(toParent, toName));
    if (node === other) return;
    const from = node?.place;
    if (other !== undefined) this.#takeAway(other);
    const to = this.#nodes.get(toParent);
    if (node !== undefined && to !== undefined) this.#put(node, { parent: to, name: toName });
    if (isExchange && other !== undefined && from !== undefined) this.#put(other, from);
  }

  /** A name was removed from here. */
  removed(parent: NodeId, name: string): void {
    const node = this.#byPlace.get(placeKey(parent, name));
    if (node !== undefined) this.#takeAway(node);
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
    const { place } = node;
    if (place === undefined && node !== this.#root) throw stale();
    const found =
      place === undefined
        ? await store.root(call)
        : await store
            .lookup(await this.#resolve(store, place.parent, generation, call), place.name, call)
            .catch(missingIsStale);
    if (node !== this.#root && !this.#isSame(node, found.attributes)) throw stale();
    await holdAgain(store, found.node, node.holds);
    this.#requirePresent(generation);
    this.#arrive(node, found);
    return found.node;
  }

  held(id: NodeId, mode: AccessMode, call: Call): void {
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    node.holds ??= new Map();
    const key = holdKey(mode, call);
    const hold = node.holds.get(key);
    if (hold === undefined) node.holds.set(key, { mode, credential: call.credential, count: 1 });
    else hold.count += 1;
  }

  released(id: NodeId, mode: AccessMode, call: Call): void {
    const node = this.#nodes.get(id);
    const key = holdKey(mode, call);
    const hold = node?.holds?.get(key);
    if (node === undefined || hold === undefined) return;
    hold.count -= 1;
    if (hold.count === 0) node.holds?.delete(key);
    if (node.holds?.size === 0) node.holds = undefined;
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
    }
    if (generation !== this.#generation) throw stale();
  }

  #recognise(entry: StoreEntry, parent: MediumNode, name: string): MediumNode | undefined {
    if (this.#knownBy === "inode") return this.#nodes.get(this.#idOf(entry.attributes, name));
    const known = this.#byInner.get(entry.node);
    if (known !== undefined) return known;
    const there = this.#byPlace.get(placeKey(parent.id, name));
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

  #idOf({ inode, birthTimeNs }: Attributes, path: string): NodeId {
    const birth = birthTimeNs.toString(36);
    return this.#knownBy === "inode" ? `${inode.toString(36)}.${birth}` : `${birth}:${path}`;
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

  #put(node: MediumNode, place: Place): void {
    const { parent, name } = place;
    if (node.place?.parent === parent && node.place.name === name) return;
    this.#takeAway(node);
    this.#cutCircle(node, parent);
    const key = placeKey(parent.id, name);
    const before = this.#byPlace.get(key);
    if (before !== undefined) this.#takeAway(before);
    node.place = place;
    parent.childCount += 1;
    this.#byPlace.set(key, node);
  }

  /** Where `parent` seems to be below `node`, which is in it, one on the way was moved by others meanwhile. */
  #cutCircle(node: MediumNode, parent: MediumNode): void {
    if (node.childCount === 0) return;
    for (let at = parent; at.place !== undefined; at = at.place.parent) {
      if (at.place.parent !== node) continue;
      this.#takeAway(at);
      return;
    }
  }

  #takeAway(node: MediumNode): void {
    if (node.place === undefined) return;
    const { parent, name } = node.place;
    node.place = undefined;
    parent.childCount -= 1;
    this.#byPlace.delete(placeKey(parent.id, name));
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
      this.#takeAway(node);
    }
  }
}

function stale(): Failure {
  return new Failure("ESTALE", { syscall: "lookup" });
}

/** Whoever asks for a node by its id asked for no name: one that is missing is the node's. */
function missingIsStale(thrown: unknown): never {
  throw failureFrom(thrown).code === "ENOENT" ? stale() : thrown;
}

function holdKey({ read, write, execute }: AccessMode, { credential }: Call): string {
  return `${Number(read)}${Number(write)}${Number(execute)} ${credential.id}`;
}

function placeKey(parent: NodeId, name: string): string {
  return `${parent}/${name}`;
}

function pathOf(place: Place): string {
  let path = "";
  for (let at: Place | undefined = place; at !== undefined; at = at.parent.place) path = `/${at.name}${path}`;
  return path;
}

/** A right that the store does not give again is lost: what is asked of the file then is decided by its mode bits. */
async function holdAgain(store: Store, node: NodeId, holds: ReadonlyMap<string, Hold> | undefined): Promise<void> {
  for (const { mode, credential, count } of holds?.values() ?? []) {
    for (let given = 0; given < count; given++) {
      await store.hold(node, mode, { credential, signal: neverFires }).catch(() => undefined);
    }
  }
}

/** Whether this was said after that. Of the same instant, the greater size: writes that go side by side only add. */
function isNews(before: Attributes, said: Attributes): boolean {
  if (said.changeTimeNs !== before.changeTimeNs) return said.changeTimeNs > before.changeTimeNs;
  return said.size >= before.size;
}
