/** The bell: a ring wakes all who wait then, and nobody who comes later. */
import { describe, expect, test } from "vitest";
import { cancelController, neverFires } from "../../../../src/base/index.ts";
import { Bell } from "../../../../src/cache/lock/bell.ts";
import { settle } from "../../../kit/virtual-clock.ts";

describe("a bell", () => {
  test("wakes everyone who waits, once", async () => {
    const bell = new Bell("test");
    const first = bell.heard(neverFires);
    const second = bell.heard(neverFires);
    bell.ring();
    await Promise.all([first, second]);
    let heard = false;
    const third = bell.heard(neverFires).then(() => {
      heard = true;
    });
    await settle();
    expect(heard).toBe(false);
    bell.ring();
    await third;
    expect(bell.waiterCount).toBe(0);
  });

  test("an interrupted waiter is forgotten", async () => {
    const bell = new Bell("test");
    const controller = cancelController();
    const waiting = bell.heard(controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "EINTR" });
    expect(bell.waiterCount).toBe(0);
    await expect(bell.heard(controller.signal)).rejects.toMatchObject({ code: "EINTR" });
  });
});
