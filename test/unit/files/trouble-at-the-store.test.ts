/** A store that hangs, refuses, or has been changed by others: what that does to a volume, and what it does not. */
import { describe, expect, it } from "vitest";
import { cancelController, Failure } from "../../../src/base/index.ts";
import { openFlags, type Volume } from "../../../src/files/index.ts";
import type { Store } from "../../../src/port/index.ts";
import { callAs } from "../../kit/cached-file.ts";
import { hookedStore, withMembers } from "../../kit/hooked-store.ts";
import { alice, bob, contentAt, memoryVolume, nodeAt, rewriteAt } from "../../kit/memory-volume.ts";
import { settle, VirtualClock } from "../../kit/virtual-clock.ts";

const text = new TextEncoder().encode("words");

/** Lets operations on chosen nodes hang, until they are let go. */
class HangingStore {
  readonly nodes = new Set<string>();
  /** The only operation that hangs; every one when undefined. */
  operation: string | undefined;
  #letGo: () => void = () => undefined;
  readonly #gate = new Promise<void>((resolve) => {
    this.#letGo = resolve;
  });

  letGo(): void {
    this.nodes.clear();
    this.#letGo();
  }

  wrap(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const member = Reflect.get(target, name, target) as unknown;
        if (typeof member !== "function") return member;
        const operation = (...args: unknown[]): unknown =>
          (member as (...args: unknown[]) => unknown).apply(target, args);
        if (name === "watch" || name === "close") return operation;
        return async (...args: unknown[]) => {
          const hangs = this.operation === undefined || this.operation === name;
          if (hangs && this.nodes.has(String(args[0]))) await this.#gate;
          return operation(...args);
        };
      },
    });
  }
}

async function openAs(volume: Volume, name: string, flags: number) {
  return volume.openNode(await volume.lookup(volume.root, name, callAs(alice)), flags, callAs(alice));
}

async function hangingVolume(operation?: string) {
  const hanging = new HangingStore();
  hanging.operation = operation;
  const clock = new VirtualClock();
  const place = await memoryVolume({
    clock,
    wrap: (store) => hanging.wrap(store),
    store: { reportsChanges: false },
    volume: { storeTimeoutMs: 10_000, attributeTimeoutMs: 1_000_000, entryTimeoutMs: 1_000_000 },
  });
  for (const name of ["/stuck", "/free"]) await place.volume.promisesFor(alice).writeFile(name, "content");
  hanging.nodes.add(await nodeAt(place.other, "/stuck"));
  return { ...place, hanging, clock };
}

describe("a store that does not answer", () => {
  it("[S5.10] [G22] holds its own file's callers until the deadline, and nobody else", async () => {
    const { volume, clock, hanging } = await hangingVolume();
    const opening = openAs(volume, "stuck", openFlags.O_RDONLY);
    const failure = expect(opening).rejects.toMatchObject({ code: "ETIMEDOUT" });
    expect(await volume.promisesFor(alice).readFile("/free", "utf8")).toBe("content");
    await volume.promisesFor(alice).writeFile("/free", "changed");
    expect(volume.snapshot().dirtyFiles).toEqual([]);
    await clock.advance(10_000);
    await failure;
    hanging.letGo();
    await volume.close();
  });

  it("[G13] a caller that is interrupted hears EINTR at once, and another gets what both waited for", async () => {
    const { volume, hanging, other } = await hangingVolume();
    hanging.nodes.clear();
    await rewriteAt(other, "/stuck", "content");
    const handle = await openAs(volume, "stuck", openFlags.O_RDONLY);
    hanging.nodes.add(handle.node.id);
    const cancel = cancelController();
    const interrupted = handle.readAt(0, new Uint8Array(7), cancel.signal);
    const heard = expect(interrupted).rejects.toMatchObject({ code: "EINTR" });
    const target = new Uint8Array(7);
    const patient = handle.readAt(0, target);
    cancel.abort();
    await heard;
    hanging.letGo();
    expect(await patient).toBe(7);
    expect(new TextDecoder().decode(target)).toBe("content");
    await handle.release();
    await volume.close();
  });

  it("an open that is interrupted half way leaves no right behind at the store", async () => {
    const { volume, hanging, server } = await hangingVolume("getAttributes");
    const node = await volume.lookup(volume.root, "stuck", callAs(alice));
    const cancel = cancelController();
    const opening = volume.openNode(node, openFlags.O_RDONLY, { credential: alice, signal: cancel.signal });
    const heard = expect(opening).rejects.toMatchObject({ code: "EINTR" });
    for (let turn = 0; turn < 5; turn++) await settle();
    cancel.abort();
    await heard;
    hanging.letGo();
    const nodesBefore = server.nodeCount;
    await volume.promisesFor(alice).unlink("/stuck");
    expect(server.nodeCount).toBe(nodesBefore - 1);
    await volume.close();
  });

  it("[S5.11] closing with a deadline ends, and names what was not delivered", async () => {
    const { volume, hanging, clock } = await hangingVolume();
    hanging.nodes.clear();
    const handle = await openAs(volume, "stuck", openFlags.O_RDWR);
    expect(handle.tryWrite(0, text)).toBe(5);
    hanging.nodes.add(handle.node.id);
    const closing = expect(volume.close({ deadlineMs: 2_000 })).rejects.toThrow(/ETIMEDOUT.*not delivered: \/stuck/);
    await clock.advance(2_000);
    await closing;
    hanging.letGo();
  });
});

describe("a store that refuses", () => {
  it("[G7] a refused truncate leaves the file as it was, unsent bytes too", async () => {
    let refusing = false;
    const wrap = (store: Store): Store =>
      hookedStore(store, {
        setAttributes: (run) => (refusing ? Promise.reject(new Failure("EACCES", { syscall: "setattr" })) : run()),
      });
    const { volume, other } = await memoryVolume({ wrap });
    const file = await volume.open("/file", "w+", { credential: alice });
    await file.write("unsent bytes");
    refusing = true;
    await expect(file.truncate(3)).rejects.toMatchObject({ code: "EACCES", syscall: "ftruncate", path: "/file" });
    expect((await file.stat()).size).toBe(12);
    await file.close();
    expect(await contentAt(other, "/file")).toBe("unsent bytes");
    await volume.close();
  });
});

describe("a store that others change", () => {
  it("[S5.4] [G18] does not get bytes that are based on an old version; the writer hears ESTALE", async () => {
    const { volume, other } = await memoryVolume({ store: { reportsChanges: false } });
    await volume.promisesFor(alice).writeFile("/file", "old");
    const file = await volume.open("/file", "r+", { credential: alice });
    await file.write("mine");
    await rewriteAt(other, "/file", "theirs");
    await expect(file.close()).rejects.toMatchObject({ code: "ESTALE", syscall: "close" });
    expect(await contentAt(other, "/file")).toBe("theirs");
    expect(volume.snapshot().cache).toMatchObject({ dirtyBytes: 0, unrescuedBytes: 4 });
    await expect(volume.close()).rejects.toThrow(/not delivered: \/file/);
  });

  it("[S5.6] [G6] gets each user's bytes under that user's name only", async () => {
    const writers: string[] = [];
    const wrap = (store: Store): Store =>
      withMembers(store, {
        write: (node, offset, frames, expected, call) => {
          const bytes = Buffer.concat(frames).toString();
          writers.push(`${call.credential.uid} ${offset} ${bytes}`);
          return store.write(node, offset, frames, expected, call);
        },
      });
    const { volume } = await memoryVolume({ wrap });
    await volume.promisesFor(alice).writeFile("/file", "");
    await volume.promisesFor(alice).chmod("/file", 0o666);
    const node = await volume.lookup(volume.root, "file", callAs(alice));
    const ofAlice = await volume.openNode(node, openFlags.O_RDWR, callAs(alice));
    const ofBob = await volume.openNode(node, openFlags.O_RDWR, callAs(bob));
    expect(node.writingCredentialCount).toBe(2);
    await ofAlice.writeAt(0, new TextEncoder().encode("aaaa"));
    await ofBob.writeAt(2, new TextEncoder().encode("bbbb"));
    await ofBob.flush();
    expect(writers).toEqual(["1000 0 aaaa", "1001 2 bbbb"]);
    await ofAlice.release();
    await ofBob.release();
    expect(node.writingCredentialCount).toBe(0);
    await volume.close();
  });
});
