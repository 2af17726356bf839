/** The mutex: first come, first served, and a waiter whose signal fires leaves the queue without harm. */
import { describe, expect, test } from "vitest";
import { AssertionFailure, cancelController } from "../../../../src/base/index.ts";
import { Mutex } from "../../../../src/cache/lock/mutex.ts";
import { settle } from "../../../kit/virtual-clock.ts";

describe("a mutex", () => {
  test("is had by one at a time, in the order of asking", async () => {
    const mutex = new Mutex("test");
    const order: number[] = [];
    let inside = 0;
    await Promise.all(
      [1, 2, 3, 4].map(async (self) => {
        await using _hold = await mutex.acquire();
        inside += 1;
        expect(inside).toBe(1);
        await settle();
        order.push(self);
        inside -= 1;
      }),
    );
    expect(order).toEqual([1, 2, 3, 4]);
    expect(mutex.isHeld).toBe(false);
  });

  test("nobody slips in between a release and the waiter it goes to", async () => {
    const mutex = new Mutex("test");
    const first = await mutex.acquire();
    const second = mutex.acquire();
    const released = first[Symbol.asyncDispose]();
    expect(mutex.isHeld).toBe(true);
    const third = mutex.acquire();
    let thirdHas = false;
    void third.then(() => {
      thirdHas = true;
    });
    await released;
    const hold = await second;
    await settle();
    expect(thirdHas).toBe(false);
    await hold[Symbol.asyncDispose]();
    await (await third)[Symbol.asyncDispose]();
    expect(mutex.isHeld).toBe(false);
  });

  test("an interrupted waiter gets EINTR, and the one behind it the lock", async () => {
    const mutex = new Mutex("test");
    const hold = await mutex.acquire();
    const controller = cancelController();
    const interrupted = mutex.acquire(controller.signal);
    const patient = mutex.acquire();
    controller.abort();
    await expect(interrupted).rejects.toMatchObject({ code: "EINTR" });
    await hold[Symbol.asyncDispose]();
    await (await patient)[Symbol.asyncDispose]();
    expect(mutex.isHeld).toBe(false);
    const gone = cancelController();
    gone.abort();
    const again = await mutex.acquire();
    await expect(mutex.acquire(gone.signal)).rejects.toMatchObject({ code: "EINTR" });
    await again[Symbol.asyncDispose]();
  });

  test("a hold is released once", async () => {
    const hold = await new Mutex("test").acquire();
    await hold[Symbol.asyncDispose]();
    expect(hold.released).toBe(true);
    await expect(hold[Symbol.asyncDispose]()).rejects.toThrow(AssertionFailure);
  });
});
