/**
 * The nodes of a medium under names that outlast its absence. A store that is opened anew may give its nodes new ids, so a
 * node is known by its inode number and its birth, and found again by the way it was first found: the name in its parent.
 *
 * Words: the *inner id* is the id that the store of the moment has given, in its generation; a *hold* is the right to a file's
 * content that somebody was granted and has not given back.
 *
 * Invariants
 *   I1  `#byInner` leads from every inner id of the present generation to its node, `#byPlace` from the place it was last seen.
 *   I2  Beyond `nodesMax` the node met longest ago that nobody holds is forgotten; its id is stale then.
 *   I3  After a return a held node is held again, for every credential and mode, before anything else is asked of it.
 */
import { Failure, neverFires } from "../../base/index.ts";
import type { AccessMode, Attributes, Call, Credential, NodeId, Store, StoreEntry } from "../../port/index.ts";

const nodesMax = 1_000_000;
/** A path longer than this is a circle. */
const stepsMax = 4096;

interface Hold {
  readonly mode: AccessMode;
  readonly credential: Credential;
  count: number;
}

interface MediumNode {
  readonly id: NodeId;
  innerId: NodeId;
  generation: number;
  parent: NodeId | undefined;
  name: string;
  holds: Map<string, Hold> | undefined;
  /** Under way: it is being looked for after a return. */
  finding: { readonly generation: number; readonly innerId: Promise<NodeId> } | undefined;
}

export class MediumNodes {
  readonly #nodes: Map<NodeId, MediumNode> = new Map();
  readonly #byInner: Map<NodeId, MediumNode> = new Map();
  readonly #byPlace: Map<string, MediumNode> = new Map();
  #generation = 0;

  /** Notes where an inner node was found; answers the entry under its lasting id. */
  meet(entry: StoreEntry, parent: NodeId | undefined, name: string, generation: number): StoreEntry {
    const id = lastingId(entry.attributes);
    const answer = { node: id, attributes: entry.attributes };
    if (!this.#isPresent(generation)) return answer;
    let node = this.#nodes.get(id);
    if (node === undefined) {
      node = { id, innerId: entry.node, generation, parent, name, holds: undefined, finding: undefined };
      this.#nodes.set(id, node);
      this.#makeRoom();
    } else {
      this.#byInner.delete(node.innerId);
      node.innerId = entry.node;
      node.generation = generation;
    }
    this.#byInner.set(entry.node, node);
    this.#place(node, parent, name);
    return answer;
  }

  /** A name was given to another node from here, or two were exchanged. */
  renamed(fromParent: NodeId, fromName: string, toParent: NodeId, toName: string, isExchange: boolean): void {
    const node = this.#byPlace.get(placeKey(fromParent, fromName));
    const other = this.#byPlace.get(placeKey(toParent, toName));
    if (node !== undefined) this.#place(node, toParent, toName);
    if (isExchange && other !== undefined) this.#place(other, fromParent, fromName);
  }

  /** The inner id, where it is known without asking. */
  tryResolve(id: NodeId, generation: number): NodeId | undefined {
    const node = this.#nodes.get(id);
    return node?.generation === generation ? node.innerId : undefined;
  }

  /** The inner id; after a return the node is looked for where it was, and held as it was. ESTALE when it is not there. */
  async resolve(store: Store, id: NodeId, generation: number, call: Call): Promise<NodeId> {
    if (!this.#isPresent(generation)) throw new Failure("ESTALE", { syscall: "lookup" });
    return await this.#resolve(store, id, generation, call, 0);
  }

  async #resolve(store: Store, id: NodeId, generation: number, call: Call, steps: number): Promise<NodeId> {
    const node = this.#nodes.get(id);
    if (node === undefined || steps > stepsMax) throw new Failure("ESTALE", { syscall: "lookup" });
    if (node.generation === generation) return node.innerId;
    if (node.finding?.generation !== generation) {
      const innerId = this.#find(store, node, generation, call, steps);
      node.finding = { generation, innerId };
    }
    const { finding } = node;
    try {
      return await finding.innerId;
    } finally {
      if (node.finding === finding) node.finding = undefined;
    }
  }

  async #find(store: Store, node: MediumNode, generation: number, call: Call, steps: number): Promise<NodeId> {
    const { parent, name } = node;
    const found =
      parent === undefined
        ? await store.root(call)
        : await store.lookup(await this.#resolve(store, parent, generation, call, steps + 1), name, call);
    if (lastingId(found.attributes) !== node.id) throw new Failure("ESTALE", { syscall: "lookup" });
    await holdAgain(store, found.node, node.holds);
    this.meet(found, parent, name, generation);
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

  /** The lasting id of an inner one. */
  lastingOf(innerId: NodeId): NodeId | undefined {
    return this.#byInner.get(innerId)?.id;
  }

  ids(): Iterable<NodeId> {
    return this.#nodes.keys();
  }

  /** Whether what is learnt of a store of this generation still counts. */
  #isPresent(generation: number): boolean {
    if (generation > this.#generation) {
      this.#generation = generation;
      this.#byInner.clear();
    }
    return generation === this.#generation;
  }

  #place(node: MediumNode, parent: NodeId | undefined, name: string): void {
    const before = placeKey(node.parent, node.name);
    if (this.#byPlace.get(before) === node) this.#byPlace.delete(before);
    node.parent = parent;
    node.name = name;
    this.#byPlace.set(placeKey(parent, name), node);
  }

  #makeRoom(): void {
    if (this.#nodes.size <= nodesMax) return;
    for (const [id, node] of this.#nodes) {
      if (node.holds !== undefined || node.parent === undefined) continue;
      this.#nodes.delete(id);
      if (this.#byInner.get(node.innerId) === node) this.#byInner.delete(node.innerId);
      const place = placeKey(node.parent, node.name);
      if (this.#byPlace.get(place) === node) this.#byPlace.delete(place);
      return;
    }
  }
}

function lastingId({ inode, birthTimeNs }: Attributes): NodeId {
  return `${inode.toString(36)}.${birthTimeNs.toString(36)}`;
}

function holdKey({ read, write, execute }: AccessMode, { credential }: Call): string {
  return `${Number(read)}${Number(write)}${Number(execute)} ${credential.id}`;
}

function placeKey(parent: NodeId | undefined, name: string): string {
  return `${parent ?? ""}/${name}`;
}

/** A right that the store does not give again is lost: what is asked of the file then is decided by its mode bits. */
async function holdAgain(store: Store, node: NodeId, holds: ReadonlyMap<string, Hold> | undefined): Promise<void> {
  for (const { mode, credential, count } of holds?.values() ?? []) {
    for (let given = 0; given < count; given++) {
      await store.hold(node, mode, { credential, signal: neverFires }).catch(() => undefined);
    }
  }
}
