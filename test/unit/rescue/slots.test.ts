import { expect, it } from "vitest";
import { Slots } from "../../../src/rescue/slots.ts";

it("[S5.9] has so many in at once and no more, first come, first served", async () => {
  const slots = new Slots(2);
  const entered: number[] = [];
  const leave: (() => void)[] = [];
  const all = Array.from({ length: 6 }, async (_, at) => {
    using _slot = await slots.take();
    entered.push(at);
    await new Promise<void>((resolve) => leave.push(resolve));
  });
  for (let gone = 0; gone <= 4; gone++) {
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toEqual([0, 1, 2, 3, 4, 5].slice(0, 2 + gone));
    leave[gone]?.();
  }
  leave[5]?.();
  await Promise.all(all);
  // What was handed over is not free a second time.
  const [first] = [await slots.take(), await slots.take()];
  const third = slots.take().then(() => "third");
  expect(await Promise.race([third, Promise.resolve("nobody")])).toBe("nobody");
  await new Promise((resolve) => setImmediate(resolve));
  expect(await Promise.race([third, Promise.resolve("nobody")])).toBe("nobody");
  first?.[Symbol.dispose]();
  expect(await third).toBe("third");
});
