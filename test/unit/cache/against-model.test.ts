/** The cache against a byte array: long seeded runs under memory pressure, slow and refusing stores. */
import { describe, expect, test } from "vitest";
import { Failure, SeededRandom } from "../../../src/base/index.ts";
import type { AddressSpace } from "../../../src/cache/index.ts";
import { type Call, posixCredential } from "../../../src/port/index.ts";
import { bytesAtStore, type CachedFile, cachedFile, callAs } from "../../kit/cached-file.ts";
import { unrulyStore } from "../../kit/unruly-store.ts";
import { settle, VirtualClock } from "../../kit/virtual-clock.ts";

const sizeMax = 300_000;
const users = [callAs(posixCredential(0, 0)), callAs(posixCredential(0, 0, [7]))];

/** Nothing was done, if it was the store's failure and not ours. */
function refused(thrown: unknown): number {
  if (thrown instanceof Failure) return 0;
  throw thrown;
}

/** A file as a person would describe it: its bytes. */
class ModelFile {
  bytes: Uint8Array = new Uint8Array(0);

  write(position: number, source: Uint8Array): void {
    this.resize(Math.max(this.bytes.length, position + source.length));
    this.bytes.set(source, position);
  }

  resize(size: number): void {
    const resized = new Uint8Array(size);
    resized.set(this.bytes.subarray(0, size));
    this.bytes = resized;
  }
}

/** A refused conflict flush refuses the write; it is then tried again a little later, as its caller would. */
async function writeAll(space: AddressSpace, position: number, source: Uint8Array, call: Call): Promise<void> {
  for (let done = 0, tries = 0; done < source.length; tries++) {
    expect(tries).toBeLessThan(1000);
    const count = await space.write(position + done, source.subarray(done), call).catch(refused);
    if (count === 0) await settle();
    done += count;
  }
}

/** Every gauge is zero once the file is gone. */
async function leavesNothing(file: CachedFile): Promise<void> {
  await file.space.destroy();
  file.cache.checkInvariants();
  const gauges = file.cache.snapshot();
  expect([gauges.frameBytes, gauges.cachedPages, gauges.dirtyBytes, gauges.inFlightBytes, gauges.openSpaces]).toEqual([
    0, 0, 0, 0, 0,
  ]);
}

async function run(
  seed: number,
  steps: number,
  shortWrites: boolean,
  pageSize: number,
  readsAtOnce = false,
): Promise<void> {
  const random = new SeededRandom(seed);
  const clock = new VirtualClock();
  const file = await cachedFile(
    { pageSize, budgetBytes: 16 * pageSize, clock },
    (store) =>
      unrulyStore(store, seed, { shortWriteChance: shortWrites ? 0.3 : 0, refusalChance: shortWrites ? 0.05 : 0 }),
    { readsAtOnce },
  );
  const { space } = file;
  const model = new ModelFile();
  let running = true;
  const time = (async () => {
    while (running) await clock.advance(100);
  })();
  const readahead = space.newReadahead();
  for (let step = 0; step < steps; step++) {
    const call = random.pick(users);
    const position = random.below(sizeMax);
    const length = random.chance(0.2) ? random.below(40_000) : random.below(3000);
    const choice = random.below(100);
    if (choice < 40) {
      const source = Uint8Array.from({ length }, () => random.below(256));
      if (random.chance(0.5) || space.tryWrite(position, source, call.credential) < 0) {
        await writeAll(space, position, source, call);
      }
      if (length > 0) model.write(position, source);
    } else if (choice < 80) {
      const target = new Uint8Array(length);
      let count = random.chance(0.5) ? space.tryRead(position, target, readahead, call.credential) : -1;
      if (count < 0) count = await space.read(position, target, readahead, call);
      const expected = model.bytes.subarray(position, position + length);
      expect(count, `seed ${seed} step ${step}: length read`).toBe(expected.length);
      expect(Buffer.compare(target.subarray(0, count), expected), `seed ${seed} step ${step}: bytes`).toBe(0);
    } else if (choice < 85) {
      await space.truncate(position, call);
      model.resize(position);
    } else if (choice < 90) {
      const done = await space.punchHole(position, length, call).then(
        () => true,
        (thrown) => refused(thrown) > 0,
      );
      if (done) model.bytes.fill(0, position, Math.min(model.bytes.length, position + length));
    } else if (choice < 95) {
      await space.sync(call);
    } else {
      await space.invalidate(0, Number.POSITIVE_INFINITY, call);
    }
    expect(space.size).toBe(model.bytes.length);
    file.cache.checkInvariants();
  }
  for (let tries = 0; space.dirtyBytes > 0; tries++) {
    expect(tries).toBeLessThan(200);
    await space.sync(users[0] as (typeof users)[number]);
  }
  expect(Buffer.compare(await bytesAtStore(file), model.bytes), `seed ${seed}: bytes at the store`).toBe(0);
  await leavesNothing(file);
  file.cache.close();
  running = false;
  await time;
}

describe("a file behind the cache is the same bytes as a byte array", () => {
  for (const pageSize of [4096, 65536]) {
    test(`[G1] with a store that takes everything, pages of ${pageSize}`, async () => {
      for (let seed = 1; seed <= 12; seed++) await run(seed, 150, false, pageSize);
    });
    test(`with a store that reads at once, pages of ${pageSize}`, async () => {
      for (let seed = 201; seed <= 212; seed++) await run(seed, 150, true, pageSize, true);
    });
    test(`[S0.17] [G1] with a store that takes parts and refuses, pages of ${pageSize}`, async () => {
      for (let seed = 101; seed <= 112; seed++) await run(seed, 150, true, pageSize);
    });
  }
});

describe("several writers at once", () => {
  test("each finds its own bytes, and the store has them all in the end", async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const file = await cachedFile({ budgetBytes: 16 * 4096 }, (store) =>
        unrulyStore(store, seed, { shortWriteChance: 0.2 }),
      );
      const stripe = 1000;
      const actors = 5;
      const rounds = 60;
      const model = new Uint8Array(actors * rounds * stripe);
      const actor = async (self: number): Promise<void> => {
        const random = new SeededRandom(seed * 100 + self);
        const call = callAs(posixCredential(0, 0, [self]));
        const readahead = file.space.newReadahead();
        for (let round = 0; round < rounds * 3; round++) {
          const position = (random.below(rounds) * actors + self) * stripe;
          const source = new Uint8Array(stripe).fill(1 + random.below(255));
          model.set(source, position);
          expect(await file.space.write(position, source, call)).toBe(stripe);
          const target = new Uint8Array(stripe);
          await file.space.read(position, target, readahead, call);
          expect(Buffer.compare(target, source), `seed ${seed} actor ${self} round ${round}`).toBe(0);
          if (random.chance(0.1)) await file.space.sync(call);
          file.cache.checkInvariants();
        }
      };
      await Promise.all(Array.from({ length: actors }, (_, self) => actor(self)));
      await file.space.sync(callAs(posixCredential(0, 0)));
      const stored = await bytesAtStore(file);
      expect(Buffer.compare(stored, model.subarray(0, stored.length)), `seed ${seed}`).toBe(0);
      expect(model.subarray(stored.length).every((byte) => byte === 0)).toBe(true);
      await file.space.destroy();
      file.cache.close();
    }
  });
});
