/**
 * Between the excision of refused bytes and the telling of it, no handle may close as if all were well: nothing is dirty any
 * more, and nobody has been told. Found by the simulation as seed 463.
 */
import { expect, test } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import { openFlags, openVolume } from "../../../src/files/index.ts";
import type { Store } from "../../../src/port/index.ts";
import { MemoryServer, memoryStore } from "../../../src/stores/memory/index.ts";
import { asSuperuser } from "../../kit/cached-file.ts";
import { ActorClock } from "../../kit/schedule/actor-clock.ts";
import { firstCome } from "../../kit/schedule/first-come.ts";
import { Scheduler } from "../../kit/schedule/scheduler.ts";

/** A store that refuses every write. */
function refusing(store: Store): Store {
  const write = (): Promise<never> => Promise.reject(new Failure("EACCES", { syscall: "write" }));
  return new Proxy(store, {
    get(target, name) {
      if (name === "write") return write;
      const member = Reflect.get(target, name, target) as unknown;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

test("[S5.8] a handle is not flushed while refused bytes have left the cache and nobody was told", async () => {
  const clock = new ActorClock();
  let isKept = false;
  let isTold = false;
  const rescue = {
    async keep(): Promise<string> {
      isKept = true;
      return "kept";
    },
  };
  const store = refusing(memoryStore(new MemoryServer({ clock, rootMode: 0o777 })));
  const volume = await openVolume(store, { clock, pageSize: 4096, budgetBytes: 16 * 4096, rescue });
  volume.events.on("writebackFailed", () => {
    isTold = true;
  });
  const handle = await volume.createFile(volume.root, "file", 0o666, openFlags.O_RDWR, asSuperuser);
  let looks = 0;
  const settled = (): void => {
    if (!isKept || isTold) return;
    looks += 1;
    expect(handle.isFlushed).toBe(false);
  };
  await new Scheduler({ policy: firstCome, clock, settled }).run(async () => {
    await handle.writeAt(0, new Uint8Array(100).fill(1));
    await expect(handle.flush()).rejects.toThrow("EACCES");
    await handle.release();
  });
  expect(looks).toBeGreaterThan(2);
});
