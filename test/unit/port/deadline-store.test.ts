/** The deadline wrapper over a memory store whose answers a test can hold back. */
import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { cancelController } from "../../../src/base/index.ts";
import { type Call, DeadlineStore, LateFailure, type Store, superuser } from "../../../src/port/index.ts";
import { MemoryServer, memoryStore } from "../../../src/stores/memory/index.ts";
import { gate, withMembers } from "../../kit/hooked-store.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";

/** A memory store that answers only when told to; what it does, it does at once. */
function slowStore(): { readonly store: Store; readonly answer: () => void; readonly signals: AbortSignal[] } {
  const waiting: (() => void)[] = [];
  const signals: AbortSignal[] = [];
  const store = new Proxy(memoryStore(new MemoryServer()), {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function" || name === "watch") return value;
      return async (...given: unknown[]): Promise<unknown> => {
        const call = given.at(-1) as { signal?: AbortSignal } | undefined;
        if (call?.signal !== undefined) signals.push(call.signal);
        await new Promise<void>((resolve) => waiting.push(resolve));
        return Reflect.apply(value, target, [...given.slice(0, -1), { ...call, signal: new AbortController().signal }]);
      };
    },
  });
  return { store, signals, answer: () => waiting.splice(0).forEach((resolve) => void resolve()) };
}

function call(): Call {
  return { credential: superuser, signal: cancelController().signal };
}

describe("DeadlineStore", () => {
  it("passes answers and failures through, and leaves no timer behind", async () => {
    const clock = new VirtualClock();
    const store = new DeadlineStore(memoryStore(new MemoryServer()), { clock });
    const root = await store.root(call());
    await store.createFile(root.node, "a", 0o644, call());
    await expect(store.lookup(root.node, "b", call())).rejects.toMatchObject({ code: "ENOENT" });
    expect(clock.timerCount).toBe(0);
    expect(store.lateCount).toBe(0);
  });

  it("listens to a signal once while operations wait under it, and not at all afterwards", async () => {
    const { signal } = new AbortController();
    const shared: Call = { credential: superuser, signal };
    const { store: inner, answer } = slowStore();
    const store = new DeadlineStore(inner, { clock: new VirtualClock() });
    for (let round = 0; round < 2; round++) {
      const roots = [store.root(shared), store.root(shared)];
      expect(getEventListeners(signal, "abort")).toHaveLength(1);
      answer();
      await Promise.all(roots);
      expect(getEventListeners(signal, "abort")).toHaveLength(0);
    }
  });

  it("ends an operation that is never answered with ETIMEDOUT, and tells the store by the signal", async () => {
    const clock = new VirtualClock();
    const { store: inner, signals, answer } = slowStore();
    const store = new DeadlineStore(inner, { clock, deadlineMs: 1000 });
    const root = store.root(call());
    const outcome = root.catch((failure: unknown) => failure);
    await clock.advance(999);
    expect(signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    const failure = await outcome;
    expect(failure).toBeInstanceOf(LateFailure);
    expect(failure).toMatchObject({ code: "ETIMEDOUT", syscall: "root" });
    expect(signals[0]?.aborted).toBe(true);
    expect(store.lateCount).toBe(1);
    answer();
    await (failure as LateFailure).settled;
    expect(store.lateCount).toBe(0);
  });

  it("ends an operation with EINTR when the caller's signal fires, before it starts or while it waits", async () => {
    const clock = new VirtualClock();
    const { store: inner, signals } = slowStore();
    const store = new DeadlineStore(inner, { clock });
    const controller = cancelController();
    const waiting = store.root({ credential: superuser, signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "EINTR" });
    expect(signals).toHaveLength(1);
    await expect(store.root({ credential: superuser, signal: controller.signal })).rejects.toMatchObject({
      code: "EINTR",
    });
    expect(signals).toHaveLength(1);
    expect(clock.timerCount).toBe(0);
  });

  it("says when the store has stopped touching the frames of a read that was given up", async () => {
    const clock = new VirtualClock();
    const server = new MemoryServer();
    const direct = memoryStore(server);
    const { node: root } = await direct.root(call());
    const { node } = await direct.createFile(root, "a", 0o644, call());
    await direct.write(node, 0, [Uint8Array.of(7)], undefined, call());
    const answer = gate();
    const inner = withMembers(direct, {
      read: async (...[id, offset, frames]) => {
        await answer.opened;
        return direct.read(id, offset, frames, call());
      },
    });
    const store = new DeadlineStore(inner, { clock, deadlineMs: 10 });
    const frame = new Uint8Array(1);
    const outcome = store.read(node, 0, [frame], call()).catch((failure: unknown) => failure);
    await clock.advance(10);
    const failure = (await outcome) as LateFailure;
    expect(failure.code).toBe("ETIMEDOUT");
    expect(frame[0]).toBe(0);
    answer.open();
    await failure.settled;
    expect(frame[0]).toBe(7);
  });

  it("releases a hold that is granted when nobody waits for it any more", async () => {
    const clock = new VirtualClock();
    const server = new MemoryServer();
    const direct = memoryStore(server);
    const { node: root } = await direct.root(call());
    const { node } = await direct.createFile(root, "a", 0o644, call());
    const grant = gate();
    const inner = withMembers(direct, {
      hold: async (id, asked) => {
        await grant.opened;
        await direct.hold(id, asked, call());
      },
    });
    const store = new DeadlineStore(inner, { clock, deadlineMs: 10 });
    const mode = { read: true, write: true, execute: false };
    const outcome = store.hold(node, mode, call()).catch((failure: unknown) => failure);
    await clock.advance(10);
    const failure = (await outcome) as LateFailure;
    grant.open();
    await failure.settled;
    await direct.remove(root, "a", call());
    await expect(direct.getAttributes(node, call())).rejects.toMatchObject({ code: "ESTALE" });
  });
});
