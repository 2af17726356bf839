/** What the parts of a volume share: the store, the cache, time, and the tables of nodes and names. */
import { type CancelSignal, type Clock, type Milliseconds, neverFires } from "../base/index.ts";
import type { PageCache } from "../cache/index.ts";
import type { Call, Credential, DeadlineStore } from "../port/index.ts";
import type { Keyring } from "./credentials/keyring.ts";
import { EntryCache } from "./names/entry-cache.ts";
import { NodeTable } from "./nodes/node-table.ts";
import type { VolumeNode } from "./nodes/volume-node.ts";
import { RefusalLog } from "./refusals/refusal-log.ts";
import { VolumeEvents } from "./volume-events.ts";

const entriesPerNodeMax = 4;
/** How many idle nodes are made durable at once. */
const commitsMax = 8;

/** The options that the parts read, each with its value. */
export interface CoreOptions {
  readonly clock: Clock;
  readonly attributeTimeoutMs: Milliseconds;
  readonly entryTimeoutMs: Milliseconds;
  readonly idleNodesMax: number;
  /** In whose name the volume does what nobody asked for. */
  readonly credential: Credential;
}

/** When the store was asked something. Its answer tells of no earlier state, and is believed for a time from then on. */
export interface Asked {
  /** The volume's change count: of two questions the later one has the higher. */
  readonly at: number;
  readonly atMs: Milliseconds;
}

/** For callers that give no signal. */
export const noSignal: CancelSignal = neverFires;

export function callOf(credential: Credential, signal: CancelSignal = noSignal): Call {
  return { credential, signal };
}

export class VolumeCore {
  readonly store: DeadlineStore;
  readonly cache: PageCache;
  readonly keyring: Keyring;
  readonly options: CoreOptions;
  readonly clock: Clock;
  readonly events: VolumeEvents = new VolumeEvents();
  readonly refusals: RefusalLog = new RefusalLog();
  readonly nodes: NodeTable;
  readonly entries: EntryCache;
  /** Nodes with an address space. */
  readonly spaces: Set<VolumeNode> = new Set();
  /** Address spaces on their way out. */
  readonly #leaving: Set<Promise<void>> = new Set();
  /** Counts questions, local changes and refusals heard, to tell answers that are old news. */
  changeCount = 0;
  /** Idle nodes that are being made durable, to be dropped afterwards. */
  readonly #committing: Set<VolumeNode> = new Set();
  /** Whether a node was dropped, or lost, that the store had not made durable; then any file may be such a one. */
  droppedUncommitted = false;
  closed = false;

  constructor(store: DeadlineStore, cache: PageCache, keyring: Keyring, options: CoreOptions) {
    this.store = store;
    this.cache = cache;
    this.keyring = keyring;
    this.options = options;
    this.clock = options.clock;
    this.entries = new EntryCache(options.idleNodesMax * entriesPerNodeMax);
    this.nodes = new NodeTable(
      options.idleNodesMax,
      (node) => this.#dropped(node),
      (node) => this.#commitIdle(node),
    );
    keyring.listen({
      closing: (credential) => inBackground(cache.syncApart({ durable: false, credential })),
      renewalFailed: (credential, failure) => this.events.emit("renewalFailed", { credential, failure }),
    });
  }

  /** The store is asked something now. */
  asking(): Asked {
    return { at: ++this.changeCount, atMs: this.clock.nowMs() };
  }

  /** The node was changed from here: answers to earlier questions no longer count. */
  changed(node: VolumeNode): void {
    node.changedAt = ++this.changeCount;
  }

  /** The node's attributes must be asked for again. */
  expire(node: VolumeNode): void {
    node.attributesUntilMs = 0;
    this.changed(node);
  }

  /** Who may read the node may have changed. */
  accessChanged(node: VolumeNode): void {
    node.grants.endAll(++this.changeCount);
    node.accessGeneration++;
  }

  /** Gives back the rights to write that closed handles left for bytes which have reached the store by now. */
  settle(node: VolumeNode): void {
    if (node.lingeringHolds.length === 0) return;
    // The space counts its bytes as taken only when this turn ends.
    inBackground(Promise.resolve().then(() => this.releaseLingering(node)));
  }

  /**
   * Has what the store took of a file that lost a name made durable before the last hold of it goes: by another name that nobody
   * has looked up, the store may not find it any more.
   */
  async commitLastHeld(node: VolumeNode): Promise<void> {
    if (!node.wantsCommit || node.handleCount > 0 || this.closed) return;
    await node.space?.syncApart(callOf(this.options.credential)).catch(ignore);
  }

  /** Never rejects: of a store that does not take one hold back, nobody can make use, and the others go all the same. */
  async releaseLingering(node: VolumeNode): Promise<void> {
    if (node.lostName) await this.commitLastHeld(node);
    if (node.isDirty && !(node.removed && node.handleCount === 0)) return;
    for (const { credential, read } of node.lingeringHolds.splice(0)) {
      await this.store.release(node.id, { read, write: true, execute: false }, callOf(credential)).catch(ignore);
      this.nodes.unuse(node);
    }
  }

  /** What the store took of an idle node becomes durable before the node is forgotten. A failure is told, and not met again. */
  #commitIdle(node: VolumeNode): void {
    const { space } = node;
    if (space === undefined || this.closed || this.#committing.has(node) || this.#committing.size >= commitsMax) return;
    this.#committing.add(node);
    const committed = space.syncApart(callOf(this.options.credential)).finally(() => {
      this.#committing.delete(node);
      node.commitGivenUp = node.isUncommitted;
      this.nodes.drop(node);
    });
    inBackground(committed);
  }

  #dropped(node: VolumeNode): void {
    this.entries.clear(node);
    this.entries.removeNode(node);
    if (!node.removed && node.isUncommitted) this.droppedUncommitted = true;
    inBackground(this.discardPages(node));
  }

  /**
   * Lets go of a node's pages, dirty ones too: of a removed file, or of one that is clean. Resolves when they have gone;
   * what is being sent is waited for, and until then the hold must stay that it is sent by.
   */
  discardPages(node: VolumeNode): Promise<void> {
    const space = node.space;
    if (space === undefined) return Promise.resolve();
    node.space = undefined;
    this.spaces.delete(node);
    const gone = space.destroy().finally(() => this.#leaving.delete(gone));
    this.#leaving.add(gone);
    inBackground(gone);
    return gone;
  }

  /** Resolves when all pages that were let go have gone; what is being sent is waited for. */
  async allDiscarded(): Promise<void> {
    await Promise.all(this.#leaving);
  }
}

/** Lets work go on by itself whose failure nobody can use. */
export function inBackground(work: Promise<unknown>): void {
  work.catch(ignore);
}

function ignore(): void {}
