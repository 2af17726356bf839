/** Rights to write that outlive their handles, because the store has not taken what was written under them. */
import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import type { Store } from "../../../src/port/index.ts";
import { withMembers } from "../../kit/hooked-store.ts";
import { alice, bob, contentAt, memoryVolume } from "../../kit/memory-volume.ts";

/** Counts the holds of a store; refuses writes and releases while it is told to. */
class CountingStore {
  holds = 0;
  releasesAsked = 0;
  refusesWrites = false;
  refusesRelease: (count: number) => boolean = () => false;
  closed = false;

  wrap(store: Store): Store {
    return withMembers(store, {
      hold: async (node, mode, call) => {
        await store.hold(node, mode, call);
        this.holds += 1;
      },
      release: async (node, mode, call) => {
        this.releasesAsked += 1;
        this.holds -= 1;
        await store.release(node, mode, call);
        if (this.refusesRelease(this.releasesAsked)) throw new Failure("EIO", { syscall: "close" });
      },
      write: async (node, offset, frames, expected, call) => {
        if (this.refusesWrites) throw new Failure("EDQUOT", { syscall: "write" });
        return store.write(node, offset, frames, expected, call);
      },
      close: async () => {
        this.closed = true;
        await store.close();
      },
    });
  }
}

async function countingVolume() {
  const counting = new CountingStore();
  const place = await memoryVolume({ wrap: (store) => counting.wrap(store), store: { reportsChanges: false } });
  await place.volume.promisesFor(alice).writeFile("/file", "", { mode: 0o666 });
  await place.volume.promisesFor(alice).chmod("/file", 0o666);
  expect(counting.holds).toBe(0);
  counting.refusesWrites = true;
  return { ...place, counting };
}

it("[S5.8] a refused file keeps one hold for each credential and mode, however often it is opened and closed", async () => {
  const { volume, other, counting } = await countingVolume();
  for (let time = 0; time < 50; time++) {
    for (const credential of [alice, bob]) {
      for (const mode of ["a", "a+"] as const) {
        const file = await volume.open("/file", mode, { credential });
        await file.write(credential === alice ? "a" : "b").catch(() => undefined);
        await file.close().catch(() => undefined);
      }
    }
  }
  expect(volume.snapshot().openFiles).toEqual([]);
  expect(counting.holds).toBeGreaterThan(0);
  expect(counting.holds).toBeLessThanOrEqual(4);
  counting.refusesWrites = false;
  await volume.close();
  expect(counting.holds).toBe(0);
  expect((await contentAt(other, "/file")).length).toBeGreaterThanOrEqual(100);
});

it("[S5.8] a store that does not take one hold back is given the others, and is closed", async () => {
  const { volume, counting } = await countingVolume();
  for (const mode of ["a", "a+"] as const) {
    const file = await volume.open("/file", mode, { credential: alice });
    await file.write("words");
    await expect(file.close()).rejects.toMatchObject({ code: "EDQUOT" });
  }
  expect(counting.holds).toBe(2);
  const first = counting.releasesAsked + 1;
  counting.refusesRelease = (count) => count === first;
  await expect(volume.close()).rejects.toMatchObject({ code: "EDQUOT" });
  expect(counting.holds).toBe(0);
  expect(counting.closed).toBe(true);
});
