/**
 * A file loses its last name while the store answers slowly to somebody who is about to open it: one file must not become two
 * nodes, of which each shows its own writes only, nor be opened when its pages have gone. Found by the simulation as seeds
 * 151, 91 and 1598.
 */
import { expect, test } from "vitest";
import { openFlags } from "../../../src/files/index.ts";
import type { Store } from "../../../src/port/index.ts";
import { asSuperuser } from "../../kit/cached-file.ts";
import { memoryVolume } from "../../kit/memory-volume.ts";

/** Does the next operation of a name at once, and answers it when it is told to. */
class SlowAnswer {
  #next: string | undefined;
  #isDone = (): void => undefined;
  answer = (): void => undefined;

  /** Resolves when the next operation of this name was done. */
  of(operation: keyof Store): Promise<void> {
    this.#next = operation;
    return new Promise((resolve) => {
      this.#isDone = resolve;
    });
  }

  wrap(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const member = Reflect.get(target, name, target) as unknown;
        if (typeof member !== "function") return member;
        return (...given: unknown[]) => this.#run(name, () => Reflect.apply(member, target, given));
      },
    });
  }

  #run(name: PropertyKey, operation: () => unknown): unknown {
    if (name !== this.#next) return operation();
    this.#next = undefined;
    return this.#hold(operation);
  }

  async #hold(operation: () => unknown): Promise<unknown> {
    const answering = new Promise<void>((resolve) => {
      this.answer = resolve;
    });
    const result = await operation();
    this.#isDone();
    await answering;
    return result;
  }
}

async function fileInUse() {
  const slow = new SlowAnswer();
  const world = await memoryVolume({ wrap: (store) => slow.wrap(store), volume: { entryTimeoutMs: 0 } });
  const { volume } = world;
  const handle = await volume.createFile(volume.root, "file", 0o666, openFlags.O_RDWR, asSuperuser);
  await handle.writeAt(0, new Uint8Array(100).fill(1));
  return { ...world, slow, handle };
}

test("[G25] a lookup that was answered after the last name went finds no second node of the file", async () => {
  const { volume, slow, handle } = await fileInUse();
  const isFound = slow.of("lookup");
  const looking = volume.lookup(volume.root, "file", asSuperuser);
  await isFound;
  await volume.unlink(volume.root, "file", asSuperuser);
  slow.answer();
  await expect(looking).rejects.toMatchObject({ code: "ENOENT" });
  await handle.release();
  await volume.close();
});

test("[G25] a file whose last handle went while it was opened again is not opened without its bytes", async () => {
  const { volume, slow, handle } = await fileInUse();
  const isHeld = slow.of("hold");
  const opening = volume.openNode(handle.node, openFlags.O_RDWR, asSuperuser);
  await isHeld;
  await volume.unlink(volume.root, "file", asSuperuser);
  await handle.release();
  slow.answer();
  await expect(opening).rejects.toMatchObject({ code: "ESTALE" });
  expect(volume.snapshot()).toMatchObject({ openFiles: [], cache: { dirtyBytes: 0, cachedPages: 0 } });
  await volume.close();
});

test("[G25] a file that others open and remove before its maker is answered is one node", async () => {
  const { volume, slow, handle } = await fileInUse();
  const isMade = slow.of("createFile");
  const making = volume.createFile(volume.root, "new", 0o666, openFlags.O_RDWR, asSuperuser);
  await isMade;
  const other = await volume.openNode(
    await volume.lookup(volume.root, "new", asSuperuser),
    openFlags.O_RDWR,
    asSuperuser,
  );
  await other.writeAt(0, new Uint8Array([7]));
  await volume.unlink(volume.root, "new", asSuperuser);
  slow.answer();
  const made = await making;
  const seen = new Uint8Array(10);
  expect(await made.readAt(0, seen)).toBe(1);
  expect(seen[0]).toBe(7);
  await expect(volume.lookup(volume.root, "new", asSuperuser)).rejects.toMatchObject({ code: "ENOENT" });
  for (const each of [made, other, handle]) await each.release();
  await volume.close();
});
