/** A writer is held for room that will come, and told of the refusal when none will. */
import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../../../src/base/index.ts";
import type { Store } from "../../../../src/port/index.ts";
import { asSuperuser, bytesAtStore, cachedFile } from "../../../kit/cached-file.ts";
import { unrulyStore } from "../../../kit/unruly-store.ts";
import { VirtualClock } from "../../../kit/virtual-clock.ts";

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
