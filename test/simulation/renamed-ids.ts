/** A store with other ids for the same nodes, as one that is opened anew may have. */
import type { NodeId, Store, StoreChange } from "../../src/port/index.ts";

export interface Renaming {
  /** The id that is given out for one of the store. */
  readonly outward: (id: NodeId) => NodeId;
  /** The store's id for one that was given out. */
  readonly inward: (id: NodeId) => NodeId;
}

type Operation = (...given: unknown[]) => unknown;

/** Where an operation takes nodes besides its first argument. */
const alsoNodeAt: Readonly<Record<string, number>> = { link: 1, rename: 2 };
const withoutNode: ReadonlySet<PropertyKey> = new Set(["root", "close"]);

/** `before` is called ahead of every operation, with its name; what it throws is its failure. */
export function renamedIds(store: Store, { outward, inward }: Renaming, before: (operation: string) => void): Store {
  const watch = (listener: (change: StoreChange) => void): (() => void) =>
    store.watch((change) => listener({ ...change, node: outward(change.node) }));
  const renamed = (name: string, given: unknown[]): unknown[] =>
    given.map((each, at) =>
      !withoutNode.has(name) && (at === 0 || at === alsoNodeAt[name]) ? inward(each as NodeId) : each,
    );
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== "function" || typeof name !== "string") return member;
      if (name === "watch") return watch;
      if (name === "tryRead") return (...given: unknown[]) => (member as Operation).apply(target, renamed(name, given));
      return async (...given: unknown[]) => {
        before(name);
        const answer = await (member as Operation).apply(target, renamed(name, given));
        return isEntry(answer) ? { ...answer, node: outward(answer.node) } : answer;
      };
    },
  });
}

function isEntry(answer: unknown): answer is { readonly node: NodeId } {
  return typeof answer === "object" && answer !== null && "node" in answer;
}
