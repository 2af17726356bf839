/** Writers who are still at it when the volume closes: their bytes are sent, or they hear that they are not. */
import { expect, it } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { gate, hookedStore } from "../../kit/hooked-store.ts";
import { alice, contentAt, type MemoryVolume, memoryVolume } from "../../kit/memory-volume.ts";
import { settle } from "../../kit/virtual-clock.ts";

async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await settle();
}

/** What became of a promise, in one word. */
function heard(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "done",
    (thrown) => String((thrown as { code?: unknown }).code),
  );
}

async function fileAt(place: MemoryVolume) {
  return place.volume.open("/file", "w+", { credential: alice });
}

it("[S5.1] a write that was let go on only when the volume had sent everything is refused, not taken and dropped", async () => {
  const asking = gate();
  const releasing = gate();
  let isSlow = false;
  const place = await memoryVolume({
    store: { reportsChanges: false },
    volume: { attributeTimeoutMs: 0 },
    wrap: (store) =>
      hookedStore(store, {
        getAttributes: async (run) => {
          if (isSlow) await asking.opened;
          return run();
        },
        release: async (run) => {
          if (isSlow) await releasing.opened;
          return run();
        },
      }),
  });
  const file = await fileAt(place);
  isSlow = true;
  const writing = heard(file.handle.writeAt(0, new TextEncoder().encode("words")));
  const closing = heard(place.volume.close());
  await turns();
  asking.open();
  expect(await writing).toBe("ENOTCONN");
  releasing.open();
  expect(await closing).toBe("done");
  expect(await contentAt(place.other, "/file")).toBe("");
});

it.each(["dirty memory", "a frame"])(
  "[S5.11] [G22] who waits for %s that will never be there keeps no volume from closing",
  async (what) => {
    const place = await memoryVolume({
      volume: {
        budgetBytes: 16 * 4096,
        ...(what === "a frame" ? { dirtyLimitBytes: 16 * 4096, dirtyBackgroundBytes: 8 * 4096 } : {}),
      },
      wrap: (store) =>
        hookedStore(store, { write: () => Promise.reject(new Failure("EHOSTUNREACH", { syscall: "write" })) }),
    });
    const file = await fileAt(place);
    const writing = heard(file.handle.writeAt(0, new Uint8Array(64 * 4096)));
    await turns();
    const closing = heard(place.volume.close());
    await turns();
    expect(await Promise.race([closing, turns().then(() => "still closing")])).toBe("EHOSTUNREACH");
    // A part of it had been taken, and closing told what became of that.
    expect(await writing).toBe("done");
    expect(place.volume.snapshot()).toMatchObject({ cache: { openSpaces: 0, frameBytes: 0 } });
  },
);
