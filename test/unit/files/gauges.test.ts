/** What a volume holds, in numbers: all of it is given back when the volume is closed, whatever became of its bytes. */
import { describe, expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import type { Volume } from "../../../src/files/index.ts";
import type { Store } from "../../../src/port/index.ts";
import { hookedStore } from "../../kit/hooked-store.ts";
import { alice, bob, type MemoryVolume, memoryVolume } from "../../kit/memory-volume.ts";
import { RescueInMemory } from "../../kit/rescue-in-memory.ts";

/** Every number of a snapshot that says how much there is now; counters, and what was set, are left out. */
function gaugesOf(volume: Volume): Record<string, number> {
  const { cache, nodeCount, entryCount, openFiles, dirtyFiles } = volume.snapshot();
  const { counters: _counted, pageSize: _set, budgetBytes: _given, storeBytesPerSecond: _measured, ...held } = cache;
  return { ...held, nodeCount, entryCount, openFiles: openFiles.length, filesToSend: dirtyFiles.length };
}

/** A store that takes no more bytes once it is told so. */
function closable(store: Store, isReadOnly: () => boolean): Store {
  return hookedStore(store, {
    write: (run) => {
      if (isReadOnly()) throw new Failure("EROFS", { syscall: "write" });
      return run();
    },
  });
}

/** A volume in use by two users: pages cached and dirty, names known, files left open. */
async function volumeInUse(rescue: RescueInMemory, isReadOnly = () => false): Promise<MemoryVolume> {
  const world = await memoryVolume({
    wrap: (store) => closable(store, isReadOnly),
    volume: { rescue, attributeTimeoutMs: 3_600_000 },
  });
  await world.volume.promises.mkdir("/directory", { mode: 0o777 });
  await world.volume.promises.chmod("/directory", 0o777);
  for (const [name, credential] of [
    ["of-alice", alice],
    ["of-bob", bob],
  ] as const) {
    const file = await world.volume.open(`/directory/${name}`, "w+", { credential });
    await file.write("stored".padEnd(50_000));
    await file.sync();
    await file.write("unsent", 0);
  }
  await world.volume.promises.stat("/nothing").catch(() => undefined);
  const held = gaugesOf(world.volume);
  for (const gauge of [
    "frameBytes",
    "cachedPages",
    "dirtyBytes",
    "openSpaces",
    "nodeCount",
    "entryCount",
    "openFiles",
  ]) {
    expect(held[gauge], gauge).toBeGreaterThan(0);
  }
  return world;
}

function expectNothingHeld(volume: Volume): void {
  const left = Object.entries(gaugesOf(volume)).filter(([, count]) => count !== 0);
  expect(left).toEqual([]);
}

describe("[S5.15] every gauge of a volume is zero when it is closed", () => {
  it("and everything was delivered, though files were left open", async () => {
    const { volume } = await volumeInUse(new RescueInMemory());
    await volume.close();
    expectNothingHeld(volume);
  });

  it("and bytes were refused, rescued or not", async () => {
    for (const failure of [undefined, new Failure("ENOSPC")]) {
      const rescue = new RescueInMemory();
      let isReadOnly = false;
      const { volume } = await volumeInUse(rescue, () => isReadOnly);
      rescue.failure = failure;
      isReadOnly = true;
      await expect(volume.close()).rejects.toMatchObject({ code: "EROFS" });
      expect(volume.snapshot().refusalCount).toBe(2);
      expectNothingHeld(volume);
    }
  });
});
