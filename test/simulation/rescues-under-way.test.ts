/** When rescues that are late explain that nothing more is entrusted to the store; found missing by seed 328. */
import { expect, test } from "vitest";
import type { RefusedBytes } from "../../src/port/index.ts";
import { settle, VirtualClock } from "../kit/virtual-clock.ts";
import { RescuesUnderWay } from "./rescues-under-way.ts";

const pageSize = 4096;
const deadlineMs = 2_000;

function refusedPages(first: number, count: number): RefusedBytes {
  const range = { offset: first * pageSize + 1, byteCount: count * pageSize - 1, frames: [] };
  return { ranges: [range] } as unknown as RefusedBytes;
}

test("[S5.10] late ones with a quarter of the frames do, until they have ended and are forgotten", async () => {
  const clock = new VirtualClock();
  const underWay = new RescuesUnderWay(clock, deadlineMs, { pageSize, budgetPages: 16 });
  const ends: (() => void)[] = [];
  const rescue = () => new Promise<void>((resolve) => void ends.push(resolve));
  const three = underWay.during(refusedPages(0, 3), rescue);
  await clock.advance(deadlineMs);
  const one = underWay.during(refusedPages(7, 1), rescue);
  await clock.advance(deadlineMs - 1);
  expect(underWay.haveHeldTooMuch).toBe(false);
  await clock.advance(1);
  for (const end of ends) end();
  await Promise.all([three, one]);
  await settle();
  expect(underWay.haveHeldTooMuch).toBe(true);
  underWay.forgetEnded();
  expect(underWay.haveHeldTooMuch).toBe(false);
});
