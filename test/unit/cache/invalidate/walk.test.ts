/** The walk of an invalidation over a file whose pages are far apart, and go while it lets others have their turn. */
import { expect, test } from "vitest";
import { alice, bytesOf, pageSize, readBack, sendHeld, storedFile } from "../../../kit/gated-file.ts";

const noReadahead = { readaheadBytesMax: 0 };
const pageCount = 10_000;

test("[S4.8] goes on behind a gap of any size", async () => {
  const file = await storedFile(bytesOf(2 * pageSize, 7), noReadahead);
  await file.space.write(2 ** 40, bytesOf(pageSize, 1), alice);
  await file.clock.during(file.space.sync(alice));
  await readBack(file.space, 0, pageSize);
  expect(file.space.pages.count).toBe(2);
  expect(await file.space.invalidate(0, Number.POSITIVE_INFINITY, alice)).toEqual({ pagesLeft: 0 });
  expect(file.space.pages.count).toBe(0);
});

test("[S4.8] [S4.12] ends although the pages of its range go meanwhile", async () => {
  const file = await storedFile(bytesOf(10, 7), { ...noReadahead, budgetBytes: 12_000 * pageSize });
  await file.clock.during(file.space.truncate(pageCount * pageSize, alice));
  for (let from = 0; from < pageCount; from += 1000) await readBack(file.space, from * pageSize, 1000 * pageSize);
  let left = 0;
  file.clock.after(0, () => {
    left = file.space.pages.count;
    file.space.revalidate({ ...file.latest, version: "another" }, file.space.changeCount);
  });
  const invalidating = file.space.invalidate(0, Number.POSITIVE_INFINITY, alice);
  expect(await file.clock.during(invalidating)).toEqual({ pagesLeft: 0 });
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(pageCount);
  expect(file.space.pages.count).toBe(0);
  file.cache.checkInvariants();
});

test("[S4.13] takes the pages from its start to its end, which is no length", async () => {
  const file = await storedFile(bytesOf(10 * pageSize, 7), noReadahead);
  await readBack(file.space, 0, 10 * pageSize);
  expect(await file.space.invalidate(4 * pageSize, 6 * pageSize, alice)).toEqual({ pagesLeft: 0 });
  const cached = Array.from({ length: 10 }, (_, index) => index).filter((index) => file.space.pages.get(index));
  expect(cached).toEqual([0, 1, 2, 3, 6, 7, 8, 9]);
});

test("[S4.9] waits for what is in flight before it takes a page", async () => {
  const file = await storedFile(bytesOf(pageSize, 7), noReadahead);
  const { flight, syncing } = await sendHeld(file, bytesOf(10, 1), alice);
  const invalidating = file.space.invalidate(0, Number.POSITIVE_INFINITY, alice);
  expect(await readBack(file.space, 0, 10)).toEqual(bytesOf(10, 1));
  expect(file.space.pages.count).toBe(1);
  flight.pass();
  await syncing;
  expect(await invalidating).toEqual({ pagesLeft: 0 });
  expect(file.space.pages.count).toBe(0);
  expect(flight.framesChanged).toBe(false);
});
