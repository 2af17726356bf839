/** Races of write-back: with writers, with other users, with itself. */
import { describe, expect } from "vitest";
import { bytesOf } from "../kit/gated-file.ts";
import { expectExplained, read, write } from "./kit/acts.ts";
import { alice, bob, pageSize, type RaceWorld, raceWorld, testRace } from "./kit/race.ts";

/** A file of which a page is dirty with alice's ones. */
async function withDirtyPage(bytes: Uint8Array = bytesOf(0, 0)): Promise<RaceWorld> {
  const world = await raceWorld(bytes);
  await write(world, 0, bytesOf(pageSize, 1), alice);
  return world;
}

/** The first byte of every write of the store, in the order in which the store did them. */
function firstBytes({ racing }: RaceWorld): (number | undefined)[] {
  return racing.writes.map(({ bytes }) => bytes[0]);
}

describe("[S2.9] the answer to a write ‖ a newer write of the page ‖ another pass", () => {
  testRace({
    world: () => withDirtyPage(),
    actors: {
      first: ({ space }) => space.sync(alice),
      writer: (world) => write(world, 0, bytesOf(pageSize, 2), alice),
      second: ({ space }) => space.sync(alice),
    },
    forced: [
      { actor: "first", until: "store: write is answered" },
      { actor: "writer" },
      { actor: "second" },
      { actor: "first" },
      { actor: "second" },
    ],
    forcedCheck: (world) => expect(firstBytes(world)).toEqual([1, 2]),
    check: async (world) => {
      await expectExplained(world);
      const sent = firstBytes(world);
      expect(sent, "never a newer version before an older one").toEqual(sent.toSorted());
    },
  });
});

describe("[G4] bytes under way ‖ two writes of the same page", () => {
  testRace({
    world: () => withDirtyPage(),
    actors: {
      syncer: ({ space }) => space.sync(alice),
      writer: async (world) => {
        await write(world, 0, bytesOf(10, 2), alice);
        await write(world, 5, bytesOf(10, 3), alice);
      },
      reader: (world) => read(world, 0, 20, bob),
    },
    forced: [
      { actor: "syncer", until: "store: write arrives" },
      { actor: "writer" },
      { actor: "reader" },
      { actor: "syncer" },
    ],
    forcedCheck: ({ racing }) => expect(racing.writes[0]?.bytes).toEqual(bytesOf(pageSize, 1)),
    check: expectExplained,
  });
});

describe("[S0.30] [S5.6] a write to another's unsent page ‖ its write-back ‖ its owner's next write", () => {
  testRace({
    world: () => withDirtyPage(),
    actors: {
      bob: (world) => write(world, 10, bytesOf(10, 2), bob),
      syncer: ({ space }) => space.sync(alice),
      alice: (world) => write(world, 15, bytesOf(10, 3), alice),
    },
    forced: [
      { actor: "syncer", until: "store: write arrives" },
      { actor: "bob", until: "removeObstacle" },
      { actor: "syncer" },
      { actor: "bob" },
      { actor: "alice" },
    ],
    check: async (world) => {
      await expectExplained(world);
      for (const { bytes, credential } of world.racing.writes) {
        const owners = new Set([...bytes].map((byte) => (byte === 2 ? bob : alice).credential.id));
        expect([...owners], "whose bytes are sent under whose name").toEqual([credential]);
      }
    },
  });
});

describe("[S0.R12] laundering ‖ a write into its range", () => {
  testRace({
    world: () => withDirtyPage(bytesOf(2 * pageSize, 7)),
    actors: {
      launderer: ({ space }) => space.invalidate(0, 2 * pageSize, alice),
      writer: (world) => write(world, pageSize + 5, bytesOf(10, 2), alice),
      reader: (world) => read(world, pageSize, 20, bob),
    },
    forced: [
      { actor: "launderer", untilReady: "invalidateLock.acquireAlone" },
      { actor: "writer" },
      { actor: "launderer" },
      { actor: "reader" },
    ],
    check: expectExplained,
  });
});

describe("[S3.8] a commit ‖ a commit ‖ a fill ‖ a write of the page being filled", () => {
  testRace({
    world: async () => {
      const world = await raceWorld(bytesOf(2 * pageSize, 7), {}, { durability: "volatile" });
      await write(world, 0, bytesOf(10, 1), alice);
      return world;
    },
    actors: {
      first: (world) => syncedAtOnce(world),
      second: (world) => syncedAtOnce(world),
      reader: (world) => read(world, 0, pageSize, bob),
      writer: (world) => write(world, 5, bytesOf(10, 2), alice),
    },
    forced: [
      { actor: "reader", until: "store: read arrives" },
      { actor: "first" },
      { actor: "writer" },
      { actor: "second" },
      { actor: "reader" },
      { actor: "first", until: "store: commit arrives" },
      { actor: "second" },
      { actor: "writer" },
      { actor: "first" },
    ],
    check: expectExplained,
  });
});

/** When an fsync has ended, a commit was done after each write that the store did before the fsync began (S5.13). */
async function syncedAtOnce({ space, racing }: RaceWorld): Promise<void> {
  const asked = racing.writes.at(-1);
  await space.sync(alice);
  const doneAt = asked === undefined ? -1 : racing.done.indexOf(asked);
  const committed = racing.done.slice(doneAt + 1).some(({ name }) => name === "commit");
  expect(asked === undefined || committed, "a commit follows what was written").toBe(true);
}
