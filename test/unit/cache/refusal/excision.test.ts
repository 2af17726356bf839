/** The protocol of excision: how refused bytes leave, in which order, once, and what others meet meanwhile. */
import { afterEach, describe, expect, test } from "vitest";
import { Failure } from "../../../../src/base/index.ts";
import { type LockWitness, witnessLocks } from "../../../../src/cache/lock/lock-witness.ts";
import type { Page } from "../../../../src/cache/page/page.ts";
import type { Refusal } from "../../../../src/cache/refusal/refusal.ts";
import { thaw } from "../../../../src/cache/refusal/thaw.ts";
import { asSuperuser, bytesAtStore } from "../../../kit/cached-file.ts";
import { alice, bytesOf, pageSize, readBack } from "../../../kit/gated-file.ts";
import { nextWrite, type RefusalScene, refusalScene, refuseFirst } from "../../../kit/refusal-scene.ts";
import { settle } from "../../../kit/virtual-clock.ts";

/** A refusal of 100 bytes that waits for its rescue, and what lets it go on. */
async function heldRefusal(): Promise<{
  file: RefusalScene;
  refusal: Refusal;
  page: Page;
  settled: () => Promise<void>;
}> {
  const file = await refusalScene(bytesOf(pageSize, 7));
  await file.space.write(100, bytesOf(100, 1), alice);
  const letGo = file.rescue.holdUp();
  const refusing = refuseFirst(file);
  await file.rescue.attempted(1);
  const [refusal] = file.space.refusals;
  const page = file.space.pages.get(0);
  if (refusal === undefined || page === undefined) throw new Error("a refusal is held");
  const settled = (): Promise<void> => {
    letGo();
    return refusing;
  };
  return { file, refusal, page, settled };
}

test("[S0.18] a page is excised once: another attempt is a broken invariant", async () => {
  const { file, refusal, settled } = await heldRefusal();
  await settled();
  const [part] = refusal.parts;
  if (part === undefined) throw new Error("the refusal has a part");
  expect(() => thaw(file.space, part)).toThrow("a part is excised once");
  expect(file.cache.counters.excisedPages).toBe(1);
});

describe("[S0.19] whoever refuses ends the flight himself", () => {
  test.each(["excise", "invalidateLazily", "salvage"] as const)("and then does this: %s", async (permission) => {
    const file = await refusalScene(bytesOf(pageSize, 7), { refusalActions: { permission } });
    await file.space.write(100, bytesOf(100, 1), alice);
    await refuseFirst(file);
    expect(file.cache.snapshot()).toMatchObject({ inFlightPages: 0, inFlightBytes: 0, dirtyBytes: 0 });
  });

  test("also when rescue fails, and everybody who waited for it goes on", async () => {
    const file = await refusalScene(bytesOf(pageSize, 7));
    file.rescue.failure = new Failure("EIO");
    await file.space.write(100, bytesOf(100, 1), alice);
    const syncing = file.space.sync(asSuperuser);
    const write = await nextWrite(file);
    const truncating = file.space.truncate(10, asSuperuser);
    write.refuse(new Failure("EACCES"));
    file.gates.open("write");
    await file.clock.during(Promise.all([syncing, truncating]));
    expect(file.cache.snapshot()).toMatchObject({ inFlightPages: 0, inFlightBytes: 0, unrescuedBytes: 100 });
  });
});

test("[S0.20] the flight ends before the page is looked at and leaves, all in one turn", async () => {
  const file = await refusalScene(bytesOf(0, 7));
  await file.space.write(0, bytesOf(100, 1), alice);
  const page = file.space.pages.get(0);
  if (page === undefined) throw new Error("the page is cached");
  const steps: string[] = [];
  let turn = 0;
  const transition = page.transition.bind(page);
  page.transition = (next) => {
    steps.push(`turn ${turn}: ${next}, ${page.sending === null ? "no flight" : "in flight"}`);
    if (next === "refused")
      void Promise.resolve().then(() => {
        turn += 1;
      });
    transition(next);
  };
  await refuseFirst(file);
  expect(steps).toEqual(["turn 0: issued, in flight", "turn 0: refused, no flight", "turn 0: removed, no flight"]);
  expect(file.space.pages.count).toBe(0);
});

describe("[S0.21] while bytes are refused", () => {
  afterEach(() => witnessLocks(null));

  test("whoever has them asks for no lock", async () => {
    const asked: string[] = [];
    const witness: LockWitness = {
      asks: (kind) => void asked.push(kind),
      stopsAsking: () => undefined,
      // The flight is its own already.
      has: (kind) => void (kind !== "flight" && asked.push(kind)),
      letsGo: () => undefined,
      task: (_name, _isAwaited, work) => work(),
    };
    const file = await refusalScene(bytesOf(pageSize, 7));
    await file.space.write(100, bytesOf(100, 1), alice);
    const syncing = file.space.sync(asSuperuser);
    const write = await nextWrite(file);
    witnessLocks(witness);
    write.refuse(new Failure("EACCES"));
    await file.clock.during(syncing);
    expect(asked).toEqual([]);
    expect(file.cache.counters.excisedPages).toBe(1);
  });
});

test("[S0.23] [S0.24] a write meets no page that is about to go: at every step it is taken, and has its own try", async () => {
  const { file, page, settled } = await heldRefusal();
  expect(file.space.tryWrite(150, bytesOf(20, 2), alice.credential)).toBe(20);
  expect(page.state).toBe("inFlightDirty");
  await settled();
  expect(file.space.tryWrite(190, bytesOf(20, 3), alice.credential)).toBe(20);
  const expected = bytesOf(pageSize, 7).fill(2, 150, 170).fill(3, 190, 210);
  expect(await readBack(file.space, 0, pageSize)).toEqual(expected);
  file.gates.open("write");
  await file.clock.during(file.space.sync(asSuperuser));
  expect(await bytesAtStore(file)).toEqual(expected);
  expect(file.rescue.entries).toHaveLength(1);
});

test("[S0.29] reading where an excised page lay beyond the new end answers nothing, and is no error", async () => {
  const file = await refusalScene(bytesOf(100, 7));
  await file.space.write(2 * pageSize, bytesOf(100, 1), alice);
  await refuseFirst(file);
  expect(file.space.size).toBe(100);
  expect(await readBack(file.space, 2 * pageSize, 100)).toEqual(bytesOf(0, 0));
  expect(await readBack(file.space, 0, 3 * pageSize)).toEqual(bytesOf(100, 7));
  await settle();
  file.cache.checkInvariants();
});

test("[S0.37] forgotten later, a page that was written whole and never read is the store's content only once the store took it", async () => {
  const lazily = { refusalActions: { permission: "invalidateLazily" } } as const;
  const file = await refusalScene(bytesOf(2 * pageSize, 7), lazily);
  await file.space.write(0, bytesOf(2 * pageSize, 1), alice);
  const syncing = file.space.sync(asSuperuser);
  (await nextWrite(file)).pass(pageSize);
  (await nextWrite(file)).refuse(new Failure("EACCES"));
  await file.clock.during(syncing);
  expect(await readBack(file.space, 0, pageSize)).toEqual(bytesOf(pageSize, 1));
  expect(await readBack(file.space, pageSize, pageSize)).toEqual(bytesOf(pageSize, 7));
});
