/** A writer is held for room that will come, and told of the refusal when none will. */
import { describe, expect, test } from "vitest";
import { type ErrorCode, Failure } from "../../../../src/base/index.ts";
import type { Store } from "../../../../src/port/index.ts";
import { asSuperuser, bytesAtStore, cachedFile } from "../../../kit/cached-file.ts";
import { alice, anotherSpace, bob, bytesOf, pageSize } from "../../../kit/gated-file.ts";
import { nextWrite, type RefusalScene, refusalScene } from "../../../kit/refusal-scene.ts";
import { unrulyStore } from "../../../kit/unruly-store.ts";
import { settle, VirtualClock } from "../../../kit/virtual-clock.ts";

/** A store that refuses every write with a code until it is told otherwise. */
function refusing(store: Store, state: { code: ErrorCode | undefined }): Store {
  const refuses = unrulyStore(store, 1, { refusalChance: 1, refusalCode: state.code as ErrorCode, turnsMax: 0 });
  return new Proxy(store, {
    get(target, name) {
      const from = name === "write" && state.code !== undefined ? refuses : target;
      const member = Reflect.get(from, name, from) as unknown;
      return typeof member === "function" ? member.bind(from) : member;
    },
  });
}

const pages = 32;
const options = { pageSize: 4096, budgetBytes: pages * 4096 };

describe("a store that takes nothing", () => {
  test("[S5.9] [G2] a writer over the dirty limit hears of the refusal instead of waiting for ever; nothing acknowledged is lost", async () => {
    const clock = new VirtualClock();
    const state: { code: ErrorCode | undefined } = { code: "ENOSPC" };
    const file = await cachedFile({ ...options, clock }, (store) => refusing(store, state));
    const source = new Uint8Array(pages * 4096).fill(7);
    const written = await clock.during(file.space.write(0, source, asSuperuser));
    expect(written).toBeLessThan(source.length);
    await expect(clock.during(file.space.write(written, source, asSuperuser))).rejects.toMatchObject({
      code: "ENOSPC",
    });
    expect(file.space.dirtyBytes).toBe(written);

    state.code = undefined;
    await clock.advance(60_000);
    expect(file.space.dirtyBytes).toBe(0);
    expect(await bytesAtStore(file)).toEqual(source.subarray(0, written));
    expect(await clock.during(file.space.write(written, source.subarray(0, 4096), asSuperuser))).toBe(4096);
    file.cache.checkInvariants();
    file.cache.close();
  });

  test("[S5.9] another file's writer hears it too when all that is dirty is refused", async () => {
    const clock = new VirtualClock();
    const file = await cachedFile({ ...options, clock }, (store) => refusing(store, { code: "EDQUOT" }));
    const other = file.cache.createSpace("other", file.latest, {
      attributesChanged: () => {},
      writebackFailed: () => {},
    });
    await clock.during(file.space.write(0, new Uint8Array(pages * 4096), asSuperuser));
    const heard = clock.during(other.write(0, new Uint8Array(pages * 4096), asSuperuser));
    await expect(heard).rejects.toMatchObject({ code: "EDQUOT" });
    file.cache.close();
  });

  test("[S5.9] a writer is held while the store is merely out of reach, and goes on when it is back", async () => {
    const clock = new VirtualClock();
    const state: { code: ErrorCode | undefined } = { code: "ECONNREFUSED" };
    const file = await cachedFile({ ...options, clock }, (store) => refusing(store, state));
    const source = new Uint8Array(2 * pages * 4096).fill(3);
    const writing = file.space.write(0, source, asSuperuser);
    let ended = false;
    void writing.then(() => {
      ended = true;
    });
    await clock.advance(120_000);
    expect(ended).toBe(false);
    state.code = undefined;
    expect(await clock.during(writing)).toBe(source.length);
    file.cache.close();
  });
});

/** Refuses every further write that comes to the gate, until the promise is settled. */
async function refuseEach(file: RefusalScene, until: Promise<unknown>): Promise<void> {
  const over = until.then(() => undefined);
  for (;;) {
    const write = await Promise.race([nextWrite(file), over]);
    if (write === undefined) return;
    write.refuse(new Failure("EACCES"));
  }
}

describe("a rescue that takes nothing", () => {
  test("[S5.9] [G20] whoever waits for room that refused bytes hold hears of the refusal, in this file and in others", async () => {
    const limits = { dirtyLimitBytes: 4 * pageSize, dirtyBackgroundBytes: pageSize };
    const file = await refusalScene(bytesOf(pageSize, 7), limits);
    file.rescue.failure = new Failure("EROFS");
    const other = await anotherSpace(file, "other");
    const writing = file.space.write(0, bytesOf(4 * pageSize, 1), alice);
    const sent = await nextWrite(file);
    await settle();
    const waiting = other.write(0, bytesOf(pageSize, 2), bob).catch((failure: unknown) => failure);
    await settle();
    expect(file.cache.dirtyBell.waiterCount).toBe(2);
    const refusing = refuseEach(file, Promise.all([writing, waiting]));
    sent.refuse(new Failure("EACCES"));
    expect(await file.clock.during(writing)).toBe(4 * pageSize);
    expect(await file.clock.during(waiting)).toMatchObject({ code: "EACCES", syscall: "write" });
    await refusing;
    expect(file.space.unrescuedBytes).toBe(4 * pageSize);
    expect(file.cache.dirtyBell.waiterCount).toBe(0);
    file.cache.checkInvariants();
  });
});
