/** Races of what else may be done about a refusal: invalidating lazily, writing over a conflict, keeping both. */
import { describe, expect } from "vitest";
import type { CacheOptions } from "../../src/cache/index.ts";
import { asSuperuser } from "../kit/cached-file.ts";
import { bytesOf } from "../kit/gated-file.ts";
import { append, expectExplained, read, write } from "./kit/acts.ts";
import { describeBytes } from "./kit/history.ts";
import { alice, bob, pageSize, testRace } from "./kit/race.ts";
import { expectFates, expectPromise, type RefusalWorld, refusalWorld, refuse } from "./kit/refusals.ts";

describe("[S0.34] [S0.36] [S0.38] the lazy policy: a refusal ‖ a reader ‖ an append of another user", () => {
  testRace({
    world: async () => {
      const world = await refusalWorld(bytesOf(100, 7), { refusalActions: { permission: "invalidateLazily" } });
      await append(world, bytesOf(100, 1), alice);
      refuse(world, alice);
      return world;
    },
    actors: {
      syncer: ({ space }) => space.sync(alice),
      reader: (world) => read(world, 0, 300, bob),
      bob: (world) => append(world, bytesOf(10, 2), bob),
    },
    forced: [
      { actor: "syncer", until: "rescue: is answered" },
      { actor: "bob" },
      { actor: "reader" },
      { actor: "syncer" },
      { actor: "bob" },
    ],
    check: async (world) => {
      const found = describeBytes(await expectPromise(world));
      expect(["100 x 7, 10 x 2", "100 x 7, 100 x 0, 10 x 2"]).toContain(found);
    },
  });
});

/** Alice has written ones over a file of sevens that another client then fills with nines. */
async function conflictingWorld(options: Partial<CacheOptions>): Promise<RefusalWorld> {
  const world = await refusalWorld(bytesOf(2 * pageSize, 7), options);
  for (const page of [0, 1]) await read(world, page * pageSize, pageSize, alice);
  await write(world, 0, bytesOf(100, 1), alice);
  const newer = bytesOf(2 * pageSize, 9);
  await world.other.write(world.node, 0, [newer], undefined, asSuperuser);
  world.history.replaced(newer);
  return world;
}

describe("[S5.4] our bytes go over another client's ‖ a reader ‖ one more write", () => {
  testRace({
    world: () => conflictingWorld({ conflict: "overwrite" }),
    actors: {
      syncer: ({ space }) => space.sync(alice),
      // Of what nobody here wrote he sees what the store had before, or has now.
      reader: (world) => read(world, pageSize, pageSize, alice),
      writer: (world) => write(world, 50, bytesOf(100, 2), alice),
    },
    forced: [
      { actor: "syncer", until: "store: write is answered" },
      { actor: "reader" },
      { actor: "writer" },
      { actor: "syncer" },
    ],
    check: async (world) => {
      const found = describeBytes(await expectExplained(world));
      expectFates(world);
      expect(found).toBe(`50 x 1, 100 x 2, ${2 * pageSize - 150} x 9`);
      expect(world.rescue.entries).toEqual([]);
    },
  });
});

describe("[S5.4] a conflict is refused ‖ a reader ‖ one more write", () => {
  testRace({
    world: () => conflictingWorld({}),
    actors: {
      syncer: ({ space }) => space.sync(alice),
      // Of what nobody here wrote he sees what the store had before, or has now.
      reader: (world) => read(world, pageSize, pageSize, alice),
      writer: (world) => write(world, 50, bytesOf(100, 2), alice),
    },
    forced: [
      { actor: "syncer", until: "rescue: arrives" },
      { actor: "writer" },
      { actor: "reader" },
      { actor: "syncer" },
    ],
    check: async (world) => {
      const bytes = await expectPromise(world);
      const found = describeBytes(bytes);
      // What was written after the refusal is based on the version that was found, and goes through.
      expect([`${2 * pageSize} x 9`, `50 x 9, 100 x 2, ${2 * pageSize - 150} x 9`]).toContain(found);
    },
  });
});
