/**
 * The drive of a run whose store is a medium that may be taken out (S1.10, S1.11): the medium of the volume, or another one,
 * is put in and taken out. What is asked of the other medium ends the run, and so does what is asked of a store that was
 * opened before the medium was taken out, if it gets an answer.
 */
import { type Clock, delay, Failure, type Milliseconds, type SeededRandom } from "../../src/base/index.ts";
import type { NodeId, Store } from "../../src/port/index.ts";
import { type Drive, type Inserted, type MediumStore, mediumStore } from "../../src/stores/medium/index.ts";
import { MemoryServer, memoryStore } from "../../src/stores/memory/index.ts";
import { asSuperuser } from "../kit/cached-file.ts";
import { renamedIds } from "./renamed-ids.ts";

export type Medium = "own" | "other";

const answerMsMax = 20;
const lookEveryMs = 1_000;

export class Media implements Drive {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #own: Store;
  readonly #other: Store;
  readonly #complain: (what: string) => void;
  /** Since when the volume's own medium is in; undefined while it is not. */
  ownSinceMs: Milliseconds | undefined = 0;
  #inserted: Medium | undefined = "own";
  #insertion = 1;
  /** The lasting id of each node of the server. */
  readonly #lastingIds: Map<NodeId, NodeId> = new Map();
  #medium: MediumStore | undefined;

  constructor(own: Store, clock: Clock, random: SeededRandom, complain: (what: string) => void) {
    this.#own = own;
    this.#clock = clock;
    this.#random = random;
    this.#complain = complain;
    this.#other = memoryStore(new MemoryServer({ clock }));
  }

  /** The store for the volume. Its ids are those of the server, so that the model knows the files by them. */
  async store(): Promise<Store> {
    const { clock } = { clock: this.#clock };
    this.#medium = await mediumStore(this, { clock, lookEveryMs });
    const outward = (lasting: NodeId): NodeId => {
      const id = lasting.split(".")[0] as NodeId;
      this.#lastingIds.set(id, lasting);
      return id;
    };
    const inward = (id: NodeId): NodeId => this.#lastingIds.get(id) ?? id;
    return renamedIds(this.#medium, { outward, inward }, () => undefined);
  }

  /** Puts a medium in, or takes out what is in. */
  change(to: Medium | undefined): void {
    if (to === this.#inserted) return;
    this.#inserted = to;
    this.#insertion += 1;
    this.ownSinceMs = to === "own" ? this.#clock.nowMs() : undefined;
  }

  /** The volume's own medium is in again, and known to be. */
  async putBack(): Promise<void> {
    this.change("own");
    await this.#medium?.look();
  }

  /** Whether the medium, which is in, has no such file: one without a name is not found again when the medium was out. */
  async hasLost(id: NodeId): Promise<boolean> {
    try {
      await this.#medium?.getAttributes(this.#lastingIds.get(id) ?? id, asSuperuser);
      return false;
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.code === "ESTALE") return true;
      throw thrown;
    }
  }

  async identify(): Promise<Inserted | undefined> {
    await delay(this.#clock, this.#random.below(answerMsMax));
    return this.#inserted === undefined ? undefined : { medium: this.#inserted, insertion: String(this.#insertion) };
  }

  open(): Store {
    const opened = this.#inserted;
    const insertion = this.#insertion;
    const mark = `${insertion}:`;
    const renaming = { outward: (id: NodeId) => mark + id, inward: (id: NodeId) => this.#unmarked(id, mark) };
    const store = renamedIds(opened === "own" ? this.#own : this.#other, renaming, (operation) => {
      if (operation === "close" || operation === "root") return;
      if (this.#insertion !== insertion) throw new Failure("ENODEV", { syscall: operation });
      if (opened !== "own") this.#complain(`another medium was asked for ${operation} (S1.11)`);
    });
    return keptOpen(store);
  }

  #unmarked(id: NodeId, mark: string): NodeId {
    if (!id.startsWith(mark)) this.#complain(`the medium knows no node ${id} since it is back (S1.10)`);
    return id.slice(mark.length);
  }
}

/** Closing it leaves the server's own client as it is: the medium may be put in again. */
function keptOpen(store: Store): Store {
  return new Proxy(store, {
    get: (target, name) => (name === "close" ? () => Promise.resolve() : Reflect.get(target, name, target)),
  });
}
