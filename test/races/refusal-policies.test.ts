/** Races of what else may be done about a refusal: invalidating lazily, writing over a conflict, keeping both. */
import { describe, expect } from "vitest";
import type { CacheOptions } from "../../src/cache/index.ts";
import { asSuperuser, bytesAtStore } from "../kit/cached-file.ts";
import { bytesOf } from "../kit/gated-file.ts";
import { append, read, write } from "./kit/acts.ts";
import { describeBytes } from "./kit/history.ts";
import { alice, bob, pageSize, testRace } from "./kit/race.ts";
import { expectPromise, type RefusalWorld, refusalWorld, refuse } from "./kit/refusals.ts";

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
      reader: async ({ space }) => {
        const seen = new Uint8Array(300);
        const count = await space.read(0, seen, space.newReadahead(), bob);
        const allowed = [
          "100 x 7",
          "100 x 7, 100 x 1",
          "100 x 7, 10 x 2",
          "100 x 7, 100 x 1, 10 x 2",
          "100 x 7, 100 x 0, 10 x 2",
        ];
        expect(allowed).toContain(describeBytes(seen.subarray(0, count)));
      },
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
  await world.other.write(world.node, 0, [bytesOf(2 * pageSize, 9)], undefined, asSuperuser);
  return world;
}

describe("[S5.4] our bytes go over another client's ‖ a reader ‖ one more write", () => {
  testRace({
    world: () => conflictingWorld({ conflict: "overwrite" }),
    actors: {
      syncer: ({ space }) => space.sync(alice),
      reader: (world) => expectOldOrNew(world),
      writer: (world) => write(world, 50, bytesOf(100, 2), alice),
    },
    forced: [
      { actor: "syncer", until: "store: write is answered" },
      { actor: "reader" },
      { actor: "writer" },
      { actor: "syncer" },
    ],
    check: async (world) => {
      await world.space.sync(asSuperuser);
      expect(world.space.dirtyBytes).toBe(0);
      expect(describeBytes(await bytesAtStore(world))).toBe(`50 x 1, 100 x 2, ${2 * pageSize - 150} x 9`);
      await expectOldOrNew(world, [9]);
      expect(world.rescue.entries).toEqual([]);
    },
  });
});

/** Of what nobody here wrote, a reader sees what the store had before or has now. */
async function expectOldOrNew({ space }: RefusalWorld, allowed: readonly number[] = [7, 9]): Promise<void> {
  const seen = new Uint8Array(pageSize);
  await space.read(pageSize, seen, space.newReadahead(), alice);
  expect(allowed).toContain(seen[0]);
  expect(new Set(seen).size, "one page is of one version").toBe(1);
}

describe("[S5.4] a conflict is refused ‖ a reader ‖ one more write", () => {
  testRace({
    world: () => conflictingWorld({}),
    actors: {
      syncer: ({ space }) => space.sync(alice),
      reader: (world) => expectOldOrNew(world),
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
