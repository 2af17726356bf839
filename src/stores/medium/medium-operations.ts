/**
 * How every operation of a medium store goes: its nodes are those of the medium that is in now, a failure is looked into, the
 * drive's own marker is left alone, and what was changed is made durable, at once or soon.
 */
import { type Clock, type ErrorCode, Failure, failureFrom, type Milliseconds, neverFires } from "../../base/index.ts";
import { type Call, type NodeId, type Store, type StoreEntry, superuser } from "../../port/index.ts";
import type { MediumNodes } from "./medium-nodes.ts";
import { type MediumSource, noMedium } from "./presence.ts";
import { Undurable } from "./undurable.ts";

/** Failures that a medium which was taken out explains. */
const suspicious: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "ENOMEDIUM",
  "ENODEV",
  "ENXIO",
  "EIO",
  "EREMOTEIO",
  "EROFS",
  "ENOENT",
  "ESTALE",
  "ENOTCONN",
]);

export interface DurabilityTerms {
  /** Whether the medium's store needs commits at all. */
  readonly isVolatile: boolean;
  /** Whether changes of content are durable before they are answered. */
  readonly durableWrites: boolean;
  readonly commitAfterMs: Milliseconds;
}

export class MediumOperations {
  readonly durableWrites: boolean;
  readonly #source: MediumSource;
  readonly #clock: Clock;
  readonly #terms: DurabilityTerms;
  readonly #nodes: MediumNodes;
  readonly #marker: string | undefined;
  readonly #undurable: Undurable;

  constructor(
    source: MediumSource,
    nodes: MediumNodes,
    marker: string | undefined,
    clock: Clock,
    terms: DurabilityTerms,
  ) {
    this.durableWrites = terms.durableWrites;
    this.#source = source;
    this.#clock = clock;
    this.#terms = terms;
    this.#nodes = nodes;
    this.#marker = marker?.toLowerCase();
    this.#undurable = new Undurable(clock, terms.commitAfterMs, (node) => this.#commitByItself(node));
    source.onChange((change) => {
      if (change === "out") this.#undurable.leave();
    });
  }

  /** The same for the same medium, from another source. */
  over(source: MediumSource): MediumOperations {
    return new MediumOperations(source, this.#nodes, this.#marker, this.#clock, this.#terms);
  }

  /** Makes durable what waits for that, and ends what goes on by itself. */
  close(): Promise<void> {
    return this.#undurable.close();
  }

  /** Asks the medium's store. A failure that its absence would explain is ENOMEDIUM, when it is absent; so is any of a store that was left. */
  async ask<Answer>(syscall: string, act: (store: Store, generation: number) => Promise<Answer>): Promise<Answer> {
    const store = this.#source.store(syscall);
    try {
      return await act(store, this.#source.generation);
    } catch (thrown) {
      const failure = failureFrom(thrown, { syscall });
      if (this.#source.current === store && suspicious.has(failure.code)) await this.#source.look();
      if (this.#source.current === store) throw thrown;
      throw noMedium(syscall, failure);
    }
  }

  on<Answer>(
    node: NodeId,
    syscall: string,
    call: Call,
    act: (store: Store, inner: NodeId, generation: number) => Promise<Answer>,
  ): Promise<Answer> {
    return this.ask(syscall, async (store, generation) =>
      act(store, await this.#nodes.resolve(store, node, generation, call), generation),
    );
  }

  onTwo<Answer>(
    one: NodeId,
    other: NodeId,
    syscall: string,
    call: Call,
    act: (store: Store, one: NodeId, other: NodeId) => Promise<Answer>,
  ): Promise<Answer> {
    return this.on(one, syscall, call, async (store, inner, generation) =>
      act(store, inner, await this.#nodes.resolve(store, other, generation, call)),
    );
  }

  /** Makes a node under a new name. */
  make(
    parent: NodeId,
    name: string,
    syscall: string,
    call: Call,
    act: (store: Store, inner: NodeId) => Promise<StoreEntry>,
  ): Promise<StoreEntry> {
    return this.on(parent, syscall, call, async (store, inner, generation) => {
      this.requireFree(parent, name, syscall);
      const entry = this.#nodes.meet(await act(store, inner), parent, name, generation);
      await this.changed([parent, entry.node], store, call);
      return entry;
    });
  }

  /** Takes a name away. */
  unname(
    parent: NodeId,
    name: string,
    syscall: string,
    call: Call,
    act: (store: Store, inner: NodeId) => Promise<void>,
  ): Promise<void> {
    return this.on(parent, syscall, call, async (store, inner) => {
      this.requireVisible(parent, name, syscall);
      await act(store, inner);
      this.#nodes.removed(parent, name);
      await this.changed([parent], store, call);
    });
  }

  /** A change of one node; one of its content is durable before it is answered. `notDurable` hears of one that is not. */
  change<Answer>(
    node: NodeId,
    syscall: string,
    call: Call,
    isContent: boolean,
    act: (store: Store, inner: NodeId) => Promise<Answer>,
    notDurable: (answer: Answer) => void = () => undefined,
  ): Promise<Answer> {
    return this.on(node, syscall, call, async (store, inner) => {
      const answer = await act(store, inner);
      try {
        if (isContent && this.durableWrites) await this.#commitOn(node, store, inner, call);
        else await this.changed([node], store, call);
      } catch (thrown) {
        notDurable(answer);
        throw thrown;
      }
      return answer;
    });
  }

  /** The store changed these nodes: they are made durable soon, or now where too many wait for that. */
  async changed(nodes: readonly NodeId[], store: Store, call: Call): Promise<void> {
    if (!this.#terms.isVolatile) return;
    const isFull = this.#undurable.isFull;
    for (const node of nodes) {
      const inner = isFull ? this.#nodes.tryResolve(node, this.#source.generation) : undefined;
      // The answer may come from a medium that is out by now, or was.
      if (this.#source.current !== store) this.#undurable.lose(node);
      else if (inner === undefined) this.#undurable.changed(node);
      else await this.#commitOn(node, store, inner, call);
    }
  }

  /** Makes a node durable. EIO, once, where an earlier change of it was lost with the medium. */
  async commit(node: NodeId, call: Call): Promise<void> {
    if (this.#source.current === undefined && this.#undurable.isDurable(node)) return;
    await this.on(node, "fsync", call, async (store, inner) => {
      if (this.#undurable.takeLoss(node)) {
        const detail = "the medium was taken out before earlier changes were durable";
        throw new Failure("EIO", { syscall: "fsync", detail });
      }
      await this.#commitOn(node, store, inner, call);
    });
  }

  #commitByItself(node: NodeId): Promise<void> {
    const call = { credential: superuser, signal: neverFires };
    return this.on(node, "fsync", call, (store, inner) => this.#commitOn(node, store, inner, call));
  }

  async #commitOn(node: NodeId, store: Store, inner: NodeId, call: Call): Promise<void> {
    const lastChange = this.#undurable.lastChange();
    await store.commit(inner, call);
    this.#undurable.becameDurable(node, lastChange);
  }

  /** The drive's marker is not there for anybody. On some file systems names are the same whatever their case is. */
  isMarker(parent: NodeId, name: string): boolean {
    return this.#marker !== undefined && this.#nodes.isRoot(parent) && name.toLowerCase() === this.#marker;
  }

  requireVisible(parent: NodeId, name: string, syscall: string): void {
    if (this.isMarker(parent, name)) throw new Failure("ENOENT", { syscall });
  }

  requireFree(parent: NodeId, name: string, syscall: string): void {
    if (!this.isMarker(parent, name)) return;
    throw new Failure("EPERM", { syscall, detail: `${name} is what the medium is known by; choose another name` });
  }
}
