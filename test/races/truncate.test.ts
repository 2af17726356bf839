/** Races of truncate: with write-back, with fills, with appends. */
import { describe, expect } from "vitest";
import { bytesOf } from "../kit/gated-file.ts";
import { append, expectExplained, read, truncate, write } from "./kit/acts.ts";
import { alice, bob, pageSize, raceWorld, testRace } from "./kit/race.ts";

describe("[S0.R1] truncate ‖ write-back of what it cuts", () => {
  testRace({
    world: async () => {
      const world = await raceWorld();
      await write(world, 0, bytesOf(2 * pageSize, 1), alice);
      return world;
    },
    actors: {
      syncer: ({ space }) => space.sync(alice),
      cutter: (world) => truncate(world, 100, alice),
    },
    forced: [
      { actor: "syncer", until: "store: write arrives" },
      { actor: "cutter" },
      { actor: "syncer" },
      { actor: "cutter" },
    ],
    forcedCheck: ({ racing }) => {
      expect(racing.done.map(({ name }) => name).slice(0, 2)).toEqual(["write", "setAttributes"]);
    },
    check: expectExplained,
  });
});

describe("[G1] a fill ‖ truncate ‖ a write behind the cut", () => {
  testRace({
    world: () => raceWorld(bytesOf(pageSize, 7)),
    actors: {
      reader: (world) => read(world, 0, pageSize, alice),
      cutter: async (world) => {
        await truncate(world, 100, alice);
        await write(world, 200, bytesOf(10, 1), alice);
      },
    },
    forced: [
      { actor: "reader", until: "store: read is answered" },
      { actor: "cutter" },
      { actor: "reader" },
      { actor: "cutter" },
    ],
    check: expectExplained,
  });
});

describe("[S1.5] append ‖ append ‖ truncate", () => {
  testRace({
    world: () => raceWorld(bytesOf(10, 7)),
    actors: {
      first: (world) => append(world, bytesOf(pageSize, 1), alice),
      second: (world) => append(world, bytesOf(20, 2), bob),
      cutter: (world) => truncate(world, 5, alice),
    },
    forced: [
      { actor: "cutter", until: "store: setAttributes is answered" },
      { actor: "first" },
      { actor: "second" },
      { actor: "cutter" },
      { actor: "second" },
      { actor: "first" },
    ],
    check: expectExplained,
  });
});
