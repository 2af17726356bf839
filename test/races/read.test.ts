/** Races of readers: with writers, with each other, with other clients. */
import { describe, expect } from "vitest";
import { Failure } from "../../src/base/index.ts";
import { asSuperuser } from "../kit/cached-file.ts";
import { bytesOf, framesOf } from "../kit/gated-file.ts";
import { point } from "../kit/schedule/point.ts";
import { expectExplained, read, write } from "./kit/acts.ts";
import { alice, bob, pageSize, type RaceWorld, raceWorld, testRace } from "./kit/race.ts";

describe("[S1.3] a read overtakes a write of several pages", () => {
  testRace({
    world: async () => {
      const world = await raceWorld(bytesOf(3 * pageSize, 7));
      // The writer has to stop at the second page until these bytes of another user are sent.
      await write(world, pageSize, bytesOf(pageSize, 6), bob);
      return world;
    },
    actors: {
      writer: (world) => write(world, 100, bytesOf(3 * pageSize - 200, 1), alice),
      reader: async ({ space }) => {
        const seen = new Uint8Array(3 * pageSize);
        expect(await space.read(0, seen, space.newReadahead(), alice)).toBe(3 * pageSize);
        const older = seen.findIndex((byte) => byte !== 1 && byte !== 6 && byte !== 7);
        expect(older, "old and new bytes, and nothing else").toBe(-1);
      },
    },
    forced: [{ actor: "writer", until: "store: write arrives" }, { actor: "reader" }, { actor: "writer" }],
    check: expectExplained,
  });
});

describe("[S1.1] a write whose source is a page of the file ‖ the same crosswise ‖ the pages go meanwhile", () => {
  testRace({
    world: () =>
      raceWorld(Uint8Array.from([...bytesOf(pageSize, 1), ...bytesOf(pageSize, 2), ...bytesOf(pageSize, 3)])),
    actors: {
      up: (world) => copyWithin(world, 0, pageSize),
      down: (world) => copyWithin(world, pageSize, 100),
      // The third page may be read into a frame that was one of the others'.
      launderer: async ({ space }) => {
        await space.invalidate(0, Number.POSITIVE_INFINITY, alice);
        await space.read(2 * pageSize, new Uint8Array(pageSize), space.newReadahead(), alice);
      },
    },
    forced: [
      { actor: "up", until: "the source is there" },
      { actor: "down", until: "the source is there" },
      { actor: "launderer" },
      { actor: "up" },
      { actor: "down" },
    ],
    check: async (world) => {
      await world.space.sync(alice);
      const bytes = new Uint8Array(2 * pageSize);
      await world.space.read(0, bytes, world.space.newReadahead(), alice);
      expect(
        bytes.every((byte) => byte === 1 || byte === 2),
        "what stood in the source, and nothing else",
      ).toBe(true);
    },
  });
});

/** Writes what a view of the cache's own frame shows, while the page may go, be sent, or be written by others. */
async function copyWithin({ space }: RaceWorld, from: number, to: number): Promise<void> {
  const run = await framesOf(space, from, 50);
  try {
    await point(undefined, "the source is there");
    await space.write(to, run.views[0] as Uint8Array, alice);
  } finally {
    run.release();
  }
}

describe("[S4.8] a page that goes between looking it up and locking it", () => {
  testRace({
    world: async () => {
      const world = await raceWorld(bytesOf(4 * pageSize, 7), { readaheadBytesMax: 4 * pageSize });
      world.racing.refusing = ({ name, credential, offset }) =>
        name === "read" && credential === bob.credential.id && offset > 0 ? new Failure("EIO") : undefined;
      return world;
    },
    actors: {
      // What is read ahead for bob is refused, and its pages go.
      bob: (world) => read(world, 0, pageSize, bob),
      alice: (world) => read(world, pageSize, pageSize, alice),
    },
    forced: [
      { actor: "bob", until: "store: read is answered" },
      { actor: "alice", until: "pageUnlocked" },
      { actor: "bob" },
      { actor: "alice" },
    ],
    check: expectExplained,
  });
});

describe("[G1] a fill ‖ a write into the page being filled", () => {
  testRace({
    world: () => raceWorld(bytesOf(pageSize, 7)),
    actors: {
      reader: (world) => read(world, 0, pageSize, alice),
      writer: async (world) => {
        await write(world, 100, bytesOf(100, 1), alice);
        await write(world, 150, bytesOf(100, 2), bob);
      },
    },
    forced: [
      { actor: "reader", until: "store: read is answered" },
      { actor: "writer" },
      { actor: "reader" },
      { actor: "writer" },
    ],
    check: expectExplained,
  });
});

describe("[G17] a fill ‖ another client's write, which is found out", () => {
  testRace({
    world: () => raceWorld(bytesOf(pageSize, 7)),
    actors: {
      reader: ({ space }) => space.read(0, new Uint8Array(pageSize), space.newReadahead(), alice),
      finder: async ({ space, other, store, node }) => {
        await other.write(node, 0, [bytesOf(pageSize, 8)], undefined, asSuperuser);
        const askedAt = space.changeCount;
        space.revalidate(await store.getAttributes(node, asSuperuser), askedAt);
      },
    },
    forced: [{ actor: "reader", until: "store: read is answered" }, { actor: "finder" }, { actor: "reader" }],
    check: async ({ space }) => {
      const seen = new Uint8Array(pageSize);
      await space.read(0, seen, space.newReadahead(), alice);
      expect(Buffer.compare(seen, bytesOf(pageSize, 8))).toBe(0);
    },
  });
});

describe("[S5.9] somebody looks at frames ‖ a reader who wants more than there are ‖ a writer", () => {
  testRace({
    world: async () => {
      const bytes = new Uint8Array(18 * pageSize);
      for (let page = 0; page < 18; page++) bytes.fill(page + 1, page * pageSize, (page + 1) * pageSize);
      return await raceWorld(bytes);
    },
    actors: {
      looker: async ({ space }) => {
        const run = await framesOf(space, 0, 2 * pageSize);
        await point(undefined, "looking");
        expect(run.views.map((view) => view[pageSize - 1])).toEqual([1, 2]);
        run.release();
      },
      reader: async ({ space }) => {
        const seen = new Uint8Array(15 * pageSize);
        await space.read(3 * pageSize, seen, space.newReadahead(), alice);
        const pages = Array.from({ length: 15 }, (_, page) => (seen[page * pageSize] as number) - page);
        expect(pages).toEqual(Array(15).fill(4));
      },
      writer: (world) => write(world, 2 * pageSize, bytesOf(pageSize, 200), alice),
    },
    forced: [{ actor: "looker", until: "looking" }, { actor: "reader" }, { actor: "writer" }, { actor: "looker" }],
    check: expectExplained,
  });
});
