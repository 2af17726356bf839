/** What is sent because a credential ends soon is work of its own: nobody waits for it, wherever it was set going. */
import { AsyncResource } from "node:async_hooks";
import { expect, it } from "vitest";
import type { CancelTimer } from "../../../../src/base/index.ts";
import type { Credential } from "../../../../src/port/index.ts";
import { gatedVolume } from "../../../kit/gated-volume.ts";
import { watchLocks } from "../../../kit/lock-order/checker.ts";
import { alice, contentAt } from "../../../kit/memory-volume.ts";
import { settle, VirtualClock } from "../../../kit/virtual-clock.ts";

const second = 1_000;

/** A timer's callback belongs to whoever set the timer, as with the machine's own. */
class OwnedTimers extends VirtualClock {
  override after(delayMs: number, callback: () => void): CancelTimer {
    return super.after(delayMs, AsyncResource.bind(callback));
  }
}

it("[S5.7] [G29] bytes are sent before a credential ends that was renewed for a flight which is still under way", async () => {
  const clock = new OwnedTimers();
  const endingIn = (lifeMs: number): Credential => ({
    ...alice,
    expiresAtMs: Number(clock.wallTimeNs() / 1_000_000n) + lifeMs,
  });
  let calls = 0;
  await using place = await gatedVolume({
    clock,
    volume: {
      refreshCredential: async () => (++calls === 2 ? endingIn(8 * second) : undefined),
      refreshLeadMs: 8 * second,
      expiryMarginMs: 2 * second,
    },
  });
  const { volume, other, gates } = place;
  const file = await volume.open("/file", "w", { credential: endingIn(20 * second) });
  await file.write("under way");
  // It is to be renewed by now, and was not; the flight asks again.
  await clock.advance(15 * second);
  gates.close("write");
  using locks = watchLocks();
  const synced = locks.actor("sync", () => file.sync());
  await gates.arrived("write", 1);
  await file.write("meanwhile", 9);
  expect(calls).toBe(2);
  // The new one ends after 8 s, so what is unsent under it goes after 6 s.
  await clock.advance(7 * second);
  gates.open("write");
  await settle();
  await synced;
  expect(await contentAt(other, "/file")).toBe("under waymeanwhile");
});
