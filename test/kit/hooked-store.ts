/** Stores of which single operations are done another way: refused, done later, or looked at. */
import type { Store } from "../../src/port/index.ts";

type Operation = Exclude<keyof Store, "manifest">;
/** `run` does the operation as it was asked for, with `parameters`. */
type Hook = (run: () => Promise<unknown>, ...parameters: unknown[]) => Promise<unknown>;

export function hookedStore(store: Store, hooks: Readonly<Partial<Record<Operation, Hook>>>): Store {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== "function") return member;
      const hook = hooks[name as Operation];
      if (hook === undefined) return member.bind(target);
      return (...parameters: unknown[]) =>
        hook(async () => Reflect.apply(member as () => unknown, target, parameters), ...parameters);
    },
  });
}

/** A store of which some members are others. */
export function withMembers(store: Store, members: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      const member = (Reflect.get(members, name) ?? Reflect.get(target, name, target)) as unknown;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** Something to wait for, until it is opened. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
