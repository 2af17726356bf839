/** The checker of the lock order itself: each kind of breach is planted once and seen, and what is in order is let be. */

import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { neverFires } from "../../../src/base/index.ts";
import { lockWitness, witnessedWait } from "../../../src/cache/lock/lock-witness.ts";
import { Mutex } from "../../../src/cache/lock/mutex.ts";
import { lockPage, pageUnlocked, unlockPage } from "../../../src/cache/lock/page-lock.ts";
import { type LockHold, SharedLock } from "../../../src/cache/lock/shared-lock.ts";
import { Page } from "../../../src/cache/page/page.ts";
import { alice, bob, bytesOf, gatedFile, pageSize, readBack } from "../../kit/gated-file.ts";
import { endWatch, type LockOrderChecker, watchLocks } from "../../kit/lock-order/checker.ts";
import { lockEdges } from "../../kit/lock-order/order.ts";
import { playWatched } from "../../kit/lock-order/play-watched.ts";
import { settle } from "../../kit/virtual-clock.ts";

const owner = { serial: 1, removePage: () => new Uint8Array(0), pageReleased: () => undefined };

function pageAt(index: number): Page {
  return new Page(owner, index, new Uint8Array(16));
}

function release(hold: LockHold | undefined): PromiseLike<void> | undefined {
  return hold?.[Symbol.asyncDispose]();
}

/** The rules that were broken, and forgets them. */
function broken(locks: LockOrderChecker): string[] {
  return locks.breaches.splice(0).map(({ rule }) => rule);
}

function thrownIn(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

describe("the checker of the lock order", () => {
  test("knows the table of docs/locking.md, edge by edge", async () => {
    const text = await readFile(new URL("../../../docs/locking.md", import.meta.url), "utf8");
    const rows = text.matchAll(/^\| ([^|>]+) -> ([^|>]+) \| /gm);
    const documented = [...rows]
      .map(([, from, to]) => `${from} -> ${to}`)
      .filter((edge) => !edge.includes("the store"));
    const known = Object.entries(lockEdges).flatMap(([from, all]) => all.map((to) => `${from} -> ${to}`));
    expect(documented.toSorted()).toEqual(known.toSorted());
  });

  test("sees a planted inversion, with who has what and where it was taken", async () => {
    using locks = watchLocks();
    const inode = new Mutex("inode");
    const writeback = new Mutex("writeback");
    await locks.actor("alice", async () => {
      await using _first = await writeback.acquire();
      await using _second = await inode.acquire();
    });
    const path = locks.breaches[0]?.path ?? "";
    expect(path).toMatch(/alice has write-back.*alice waits for inode/s);
    expect(() => locks.check()).toThrow(/Rule "order"/);
    expect(broken(locks)).toEqual(["order"]);
  });

  test("plays what broke the order once more with stacks, and nothing else", async () => {
    const { space } = await gatedFile();
    let plays = 0;
    const play = async (work: () => Promise<unknown>): Promise<string> => {
      const thrown = await playWatched(
        async (watch) => {
          plays += 1;
          const locks = watchLocks(watch);
          await locks.actor("alice", work);
          endWatch();
          return thrownIn(() => locks.check());
        },
        (result) => result,
      );
      return String(thrown);
    };
    expect(await play(() => space.truncate(1, alice))).toBe("undefined");
    expect(plays).toBe(1);
    const inverted = await play(async () => {
      await using _first = await new Mutex("writeback").acquire();
      await space.truncate(2, alice);
    });
    expect(plays).toBe(3);
    expect(inverted).toMatch(/alice waits for inode\n.*src\/cache\/write\/truncate\.ts/);
  });

  test("sees an inversion between a task and the one that waits for it", async () => {
    using locks = watchLocks();
    const inode = new Mutex("inode");
    const invalidate = new SharedLock("invalidate");
    await locks.actor("alice", async () => {
      const hold = await invalidate.acquireShared();
      await locks.task("pass", true, async () => release(await inode.acquire()));
      await locks.task("read-ahead", false, async () => release(await inode.acquire()));
      await release(hold);
    });
    expect(locks.breaches[0]?.path).toMatch(/alice has invalidate \(shared\).*pass of alice waits for inode/s);
    expect(broken(locks)).toEqual(["order"]);
  });

  test("lets be what is in order, also when a task outlives the patience of its starter", async () => {
    using locks = watchLocks();
    const inode = new Mutex("inode");
    const writeback = new Mutex("writeback");
    let goOn = (): void => undefined;
    await locks.actor("alice", async () => {
      const held = await inode.acquire();
      const pass = locks.task("pass", true, async () => {
        await using _order = await writeback.acquire();
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
      });
      await release(held);
      await settle();
      await release(await inode.acquire());
      goOn();
      await pass;
    });
    expect(locks.claimCount).toBeGreaterThan(0);
    expect(broken(locks)).toEqual([]);
  });

  test("[S1.9] sees page locks that do not ascend", () => {
    using locks = watchLocks();
    const [low, high] = [pageAt(1), pageAt(2)];
    locks.actor("alice", () => {
      lockPage(high);
      lockPage(low);
      unlockPage(low);
      unlockPage(high);
      lockPage(low);
      lockPage(high);
      unlockPage(low);
      unlockPage(high);
    });
    expect(broken(locks)).toEqual(["ascending"]);
  });

  test("[S0.21] sees whoever waits for his own write-back, or locks its page", async () => {
    using locks = watchLocks();
    const collected = Promise.resolve();
    const page = pageAt(0);
    page.sending = { frame: page.frame, collected, frameAbandoned: false } as unknown as typeof page.sending;
    await locks.actor("alice", async () => {
      lockWitness?.has("flight", collected, "alone");
      await witnessedWait("flight", collected, collected);
      expect(broken(locks)).toContain("own");
      lockPage(page);
      expect(broken(locks)).toEqual(["own"]);
      unlockPage(page);
      lockWitness?.letsGo(collected);
      lockPage(page);
      unlockPage(page);
    });
    expect(broken(locks)).toEqual([]);
  });

  test("sees a wait in a circle as soon as it is closed, over a task in between", async () => {
    using locks = watchLocks();
    const page = pageAt(0);
    const invalidate = new SharedLock("invalidate");
    const lockedByAlice = locks.actor("alice", async () => {
      lockPage(page);
      await settle();
      await locks.task("pass", true, async () => release(await invalidate.acquireAlone()));
      unlockPage(page);
    });
    const bob = locks.actor("bob", async () => {
      const shared = await invalidate.acquireShared();
      await settle();
      await pageUnlocked(page, neverFires);
      await release(shared);
    });
    await settle();
    await settle();
    expect(locks.waits()).toMatch(/pass of alice waits for invalidate \(alone\).*bob has invalidate \(shared\)/s);
    expect(broken(locks)).toContain("circle");
    unlockPage(page);
    await bob;
    lockPage(page);
    await lockedByAlice;
    broken(locks);
  });

  test("sees what a task keeps when it ends", () => {
    using locks = watchLocks();
    const page = pageAt(0);
    locks.actor("alice", () => lockPage(page));
    unlockPage(page);
    expect(broken(locks)).toEqual(["kept"]);
  });

  test("sees no breach in a file that is read, written by two users, cut and laundered at once", async () => {
    using locks = watchLocks();
    const file = await gatedFile();
    const { space } = file;
    const work = [
      locks.actor("alice", () => space.write(0, bytesOf(4 * pageSize, 1), alice)),
      locks.actor("bob", () => space.write(10, bytesOf(2 * pageSize, 2), bob)),
      locks.actor("reader", () => readBack(space, 0, 8 * pageSize)),
      locks.actor("cutter", () => space.truncate(3 * pageSize, alice)),
      locks.actor("launderer", () => space.invalidate(0, Number.POSITIVE_INFINITY, alice)),
      locks.actor("syncer", () => space.sync(alice)),
    ];
    await file.clock.during(Promise.all(work));
    expect(locks.claimCount).toBeGreaterThan(20);
    expect(locks.waits()).toBe("");
    expect(broken(locks)).toEqual([]);
  });
});
