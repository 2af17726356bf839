/** Races of refusals: with truncate, with writers, with other passes, and with those who wait for what is refused. */
import { describe, expect } from "vitest";
import { writeSome } from "../../src/cache/writeback/control.ts";
import { writebackPass } from "../../src/cache/writeback/pass.ts";
import { asSuperuser } from "../kit/cached-file.ts";
import { bytesOf } from "../kit/gated-file.ts";
import { append, truncate, write } from "./kit/acts.ts";
import { describeBytes } from "./kit/history.ts";
import { alice, bob, pageSize, testRace } from "./kit/race.ts";
import { expectPromise, type RefusalWorld, refusalWorld, refuse } from "./kit/refusals.ts";

/** A file of two pages of sevens, of which alice has written the first full of ones; the store refuses her writes. */
async function aliceIsRefused(count?: number): Promise<RefusalWorld> {
  const world = await refusalWorld(bytesOf(2 * pageSize, 7));
  await write(world, 0, bytesOf(pageSize, 1), alice);
  refuse(world, alice, count);
  return world;
}

describe("[S0.R1] [S0.21] [S5.2] truncate that waits for write-back ‖ the refusal of what it cuts", () => {
  testRace({
    world: () => aliceIsRefused(),
    actors: {
      syncer: ({ space }) => space.sync(alice),
      cutter: (world) => truncate(world, 100, bob),
    },
    forced: [
      { actor: "syncer", until: "rescue: arrives" },
      { actor: "cutter" },
      { actor: "syncer" },
      { actor: "cutter" },
    ],
    check: async (world) => {
      expect(describeBytes(await expectPromise(world))).toBe("100 x 7");
    },
  });
});

describe("[S0.R2] the end of a refused write-back ‖ a write to its page", () => {
  testRace({
    world: () => aliceIsRefused(1),
    actors: {
      syncer: ({ space }) => space.sync(alice),
      writer: async (world) => {
        await write(world, 10, bytesOf(10, 2), alice);
        await write(world, 15, bytesOf(10, 3), alice);
      },
    },
    forced: [{ actor: "syncer", until: "rescue: is answered" }, { actor: "writer" }, { actor: "syncer" }],
    forcedCheck: ({ rescue, racing }) => {
      expect(rescue.entries[0]?.bytes.map(describeBytes)).toEqual(["4096 x 1"]);
      expect(racing.writes.map(({ bytes }) => describeBytes(bytes))).toEqual(["5 x 2, 10 x 3"]);
    },
    check: expectPromise,
  });
});

describe("[S0.R5] the end of a refused write-back ‖ the flusher sends newer bytes of the page", () => {
  testRace({
    world: () => aliceIsRefused(1),
    actors: {
      syncer: ({ space }) => space.sync(alice),
      writer: (world) => write(world, 10, bytesOf(10, 2), alice),
      flusher: ({ space }) => writebackPass(space, writeSome("background", 1e9)),
    },
    forced: [
      { actor: "syncer", until: "rescue: arrives" },
      { actor: "writer" },
      { actor: "flusher" },
      { actor: "syncer" },
      { actor: "flusher" },
    ],
    check: expectPromise,
  });
});

describe("[S0.R7] [S0.9] two write-backs of one record, of which the first is refused", () => {
  testRace({
    world: async () => {
      const world = await refusalWorld(bytesOf(3 * pageSize, 7), {}, { writeBytesMax: pageSize });
      await write(world, 0, bytesOf(3 * pageSize, 1), alice);
      refuse(world, alice);
      return world;
    },
    actors: {
      first: ({ space }) => space.writeback("sync", alice, 0, pageSize),
      second: ({ space }) => space.sync(alice),
    },
    forced: [{ actor: "first", until: "store: write arrives" }, { actor: "second" }, { actor: "first" }],
    check: async (world) => {
      expect(describeBytes(await expectPromise(world))).toBe(`${3 * pageSize} x 7`);
      const asked = world.racing.done.filter(({ name }) => name === "write");
      expect(asked.length, "the store is asked once for the record").toBe(1);
    },
  });
});

describe("[S0.R8] [S0.10] a refusal of what made the file longer ‖ a write that makes it longer still", () => {
  testRace({
    world: async () => {
      const world = await refusalWorld(bytesOf(100, 7));
      await write(world, 100, bytesOf(pageSize - 100, 1), alice);
      refuse(world, alice);
      return world;
    },
    actors: {
      syncer: ({ space }) => space.sync(alice),
      bob: (world) => append(world, bytesOf(10, 2), bob),
    },
    forced: [{ actor: "syncer", until: "rescue: is answered" }, { actor: "bob" }, { actor: "syncer" }],
    forcedCheck: ({ failures }) => {
      expect(failures).toMatchObject([{ sizeAfter: pageSize + 10, hole: { start: 100, end: pageSize } }]);
    },
    check: async (world) => {
      const found = describeBytes(await expectPromise(world));
      // His bytes follow on hers while she has them, and on the store's when they have gone.
      expect(["100 x 7, 3996 x 0, 10 x 2", "100 x 7, 10 x 2"]).toContain(found);
    },
  });
});

describe("[S0.R9] [S0.31] a writer waits for another's bytes ‖ these are refused", () => {
  testRace({
    world: () => aliceIsRefused(),
    actors: {
      bob: (world) => write(world, 10, bytesOf(10, 2), bob),
      syncer: ({ space }) => space.sync(alice),
    },
    forced: [{ actor: "bob", until: "rescue: arrives" }, { actor: "syncer" }, { actor: "bob" }, { actor: "syncer" }],
    check: async (world) => {
      expect(describeBytes(await expectPromise(world))).toBe(`10 x 7, 10 x 2, ${2 * pageSize - 20} x 7`);
      expect(world.rescue.entries.map(({ bytes }) => bytes.map(describeBytes))).toEqual([["4096 x 1"]]);
    },
  });
});

describe("[S0.R10] an fsync that waits ‖ the refusal of what it waits for", () => {
  testRace({
    world: async () => {
      const world = await aliceIsRefused();
      return Object.assign(world, { handles: [world.space.errors.sample(), world.space.errors.sample()] });
    },
    actors: {
      first: ({ space, handles }) => expectRefused(space.sync(alice), space, handles[0]),
      second: ({ space, handles }) => expectRefused(space.sync(alice), space, handles[1]),
    },
    forced: [
      { actor: "first", until: "store: write arrives" },
      { actor: "second" },
      { actor: "first" },
      { actor: "second" },
    ],
    check: expectPromise,
  });
});

/** As an fsync of a handle that was open before. */
async function expectRefused(
  synced: Promise<void>,
  { errors }: RefusalWorld["space"],
  cursor: ReturnType<typeof errors.sample> | undefined,
): Promise<void> {
  await synced;
  expect(cursor === undefined ? undefined : errors.check(cursor)?.code, "what fsync tells").toBe("EACCES");
}

describe("[S0.R11] a right is checked ‖ another client takes it away ‖ the bytes are sent", () => {
  testRace({
    world: () => refusalWorld(bytesOf(2 * pageSize, 7)),
    actors: {
      alice: async (world) => {
        const mayWrite = await world.store.access(world.node, { read: false, write: true, execute: false }, alice).then(
          () => true,
          () => false,
        );
        if (!mayWrite) return;
        await write(world, 0, bytesOf(pageSize, 1), alice);
        await world.space.sync(alice);
      },
      bob: async (world) => {
        await write(world, pageSize + 5, bytesOf(10, 2), bob);
        await world.space.sync(bob);
      },
      other: ({ other, node }) => other.setAttributes(node, { mode: 0o600 }, asSuperuser),
    },
    forced: [
      { actor: "alice", until: "store: write arrives" },
      { actor: "other" },
      { actor: "alice" },
      { actor: "bob" },
    ],
    forcedCheck: ({ rescue }) => expect(rescue.entries.length).toBeGreaterThan(0),
    check: expectPromise,
  });
});

describe("[S0.R12] [S4.10] laundering ‖ a write into its range ‖ the refusal of what it sends", () => {
  testRace({
    world: () => aliceIsRefused(1),
    actors: {
      launderer: ({ space }) => space.invalidate(0, 2 * pageSize, alice),
      writer: async (world) => {
        await write(world, 10, bytesOf(10, 2), alice);
        await write(world, pageSize + 5, bytesOf(10, 3), bob);
      },
    },
    forced: [{ actor: "launderer", until: "store: write is answered" }, { actor: "writer" }, { actor: "launderer" }],
    check: expectPromise,
  });
});
