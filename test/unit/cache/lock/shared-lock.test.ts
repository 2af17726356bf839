/** The shared lock: many sharers or one alone, in the order of asking, and interrupted waiters do not block the rest. */
import { describe, expect, test } from "vitest";
import { cancelController } from "../../../../src/base/index.ts";
import type { LockHold } from "../../../../src/cache/lock/shared-lock.ts";
import { SharedLock } from "../../../../src/cache/lock/shared-lock.ts";
import { settle } from "../../../kit/virtual-clock.ts";

function release(hold: LockHold | undefined): PromiseLike<void> | undefined {
  return hold?.[Symbol.asyncDispose]();
}

describe("a shared lock", () => {
  test("[S4.12] admits many sharers, or one alone", async () => {
    const lock = new SharedLock("test");
    const sharers = await Promise.all([lock.acquireShared(), lock.acquireShared()]);
    let alone: LockHold | undefined;
    const waiting = lock.acquireAlone().then((hold) => {
      alone = hold;
    });
    await settle();
    expect(alone).toBeUndefined();
    await release(sharers[0]);
    await settle();
    expect(alone).toBeUndefined();
    await release(sharers[1]);
    await waiting;
    expect(lock.tryShare()).toBeUndefined();
    await release(alone);
    expect(lock.isHeld).toBe(false);
    await release(lock.tryShare());
  });

  test("a sharer does not overtake one who waits to have it alone", async () => {
    const lock = new SharedLock("test");
    const order: string[] = [];
    const first = await lock.acquireShared();
    const alone = lock.acquireAlone().then(async (hold) => {
      order.push("alone");
      await release(hold);
    });
    expect(lock.admitsSharing).toBe(false);
    const late = lock.acquireShared().then(async (hold) => {
      order.push("late");
      await release(hold);
    });
    await release(first);
    await Promise.all([alone, late]);
    expect(order).toEqual(["alone", "late"]);
  });

  test("when the one who waited to have it alone is interrupted, sharers behind it come in", async () => {
    const lock = new SharedLock("test");
    const first = await lock.acquireShared();
    const controller = cancelController();
    const alone = lock.acquireAlone(controller.signal);
    const late = lock.acquireShared();
    controller.abort();
    await expect(alone).rejects.toMatchObject({ code: "EINTR" });
    await release(await late);
    await release(first);
    expect(lock.isHeld).toBe(false);
  });
});
