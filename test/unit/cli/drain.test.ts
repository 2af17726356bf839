import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { drain } from "../../../src/cli/mount/drain.ts";
import type { Store } from "../../../src/port/index.ts";
import { gate, hookedStore } from "../../kit/hooked-store.ts";
import { contentAt, memoryVolume } from "../../kit/memory-volume.ts";

/** A store that answers no write before it is let go on. */
function stuckStore(store: Store, mayGoOn: Promise<void>): Store {
  return hookedStore(store, { write: (run) => mayGoOn.then(run) });
}

it("[S5.11] reports progress while the store is slow, then that all was delivered", async () => {
  const { opened: mayGoOn, open: goOn } = gate();
  await using world = await memoryVolume({ wrap: (store) => stuckStore(store, mayGoOn) });
  const file = await world.volume.open("/slow", "w");
  await file.write("still here");
  const progress: number[] = [];
  const failure = await drain(world.volume, {
    timeoutMs: 20_000,
    signal: new AbortController().signal,
    progress: (dirtyBytes) => {
      progress.push(dirtyBytes);
      goOn();
    },
  });
  expect(failure).toBeUndefined();
  expect(progress[0]).toBe(10);
  expect(await contentAt(world.other, "/slow")).toBe("still here");
  await file.close();
});

it("[S5.11] gives up at its deadline, and at once when it is cut short, and says so", async () => {
  const { opened: mayGoOn, open: goOn } = gate();
  await using world = await memoryVolume({ wrap: (store) => stuckStore(store, mayGoOn) });
  const file = await world.volume.open("/stuck", "w");
  await file.write("x");
  const options = { signal: new AbortController().signal, progress: () => {} };
  expect(await drain(world.volume, { ...options, timeoutMs: 50 })).toMatchObject({ code: expect.any(String) });
  const cut = AbortSignal.abort();
  expect(await drain(world.volume, { ...options, signal: cut, timeoutMs: 60_000 })).toMatchObject({
    code: "ETIMEDOUT",
  });
  goOn();
  expect(await drain(world.volume, { ...options, timeoutMs: 20_000 })).toBeUndefined();
  expect(await contentAt(world.other, "/stuck")).toBe("x");
  await file.close();
});

it("[S5.11] does not take an old failure that nobody had heard of for bytes that are still here", async () => {
  let hasRoom = false;
  const full = (store: Store): Store =>
    hookedStore(store, {
      write: (run) => {
        if (!hasRoom) throw new Failure("ENOSPC", { syscall: "write" });
        return run();
      },
    });
  await using world = await memoryVolume({ wrap: full, volume: { dirtyBackgroundBytes: 8192 } });
  const failed = new Promise<void>((resolve) => {
    world.volume.events.on("writebackFailed", () => resolve());
  });
  const file = await world.volume.open("/late", "w");
  await file.write("at last".padEnd(100_000));
  await failed;
  hasRoom = true;
  const options = { signal: new AbortController().signal, progress: () => {}, timeoutMs: 20_000 };
  expect(await drain(world.volume, options)).toBeUndefined();
  expect(await contentAt(world.other, "/late")).toBe("at last".padEnd(100_000));
  await file.close().catch(() => {});
});
