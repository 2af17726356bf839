/** Races of refusals with readers, with flights of the same record, with a rescue that fails, and with a deletion. */
import { describe, expect } from "vitest";
import { Failure } from "../../src/base/index.ts";
import { writeSome } from "../../src/cache/writeback/control.ts";
import { writebackPass } from "../../src/cache/writeback/pass.ts";
import { asSuperuser } from "../kit/cached-file.ts";
import { bytesOf } from "../kit/gated-file.ts";
import { append, expectToldOnce, read, truncate, write } from "./kit/acts.ts";
import { describeBytes } from "./kit/history.ts";
import { alice, bob, pageSize, testRace } from "./kit/race.ts";
import { expectPromise, refusalWorld, refuse } from "./kit/refusals.ts";

describe("[S0.8] [S0.16] a refusal ‖ a fill of the same page", () => {
  testRace({
    world: async () => {
      const world = await refusalWorld(bytesOf(pageSize, 7));
      await write(world, 100, bytesOf(100, 1), alice);
      refuse(world, alice);
      return world;
    },
    actors: {
      syncer: ({ space }) => space.sync(alice),
      reader: (world) => read(world, 0, pageSize, bob),
    },
    forced: [{ actor: "reader", until: "store: read arrives" }, { actor: "syncer" }, { actor: "reader" }],
    check: async (world) => expect(describeBytes(await expectPromise(world))).toBe("4096 x 7"),
  });
});

describe("[S0.10] [S0.9] a refusal of what made the file longer ‖ more of the same user ‖ truncate", () => {
  testRace({
    world: async () => {
      const world = await refusalWorld(bytesOf(100, 7));
      await append(world, bytesOf(100, 1), alice);
      refuse(world, alice, 1);
      return world;
    },
    actors: {
      syncer: ({ space }) => space.sync(alice),
      alice: (world) => append(world, bytesOf(20, 2), alice),
      cutter: (world) => truncate(world, 150, bob),
    },
    forced: [
      { actor: "syncer", until: "rescue: is answered" },
      { actor: "alice" },
      { actor: "syncer" },
      { actor: "alice" },
      { actor: "cutter" },
    ],
    check: expectPromise,
  });
});

describe("[S0.11] one flight of a record is refused ‖ another of it is under way ‖ another user's page in between", () => {
  testRace({
    world: async () => {
      const several = { conditionalWrites: false, parallelWrites: 2, writeBytesMax: pageSize };
      const world = await refusalWorld(bytesOf(4 * pageSize, 7), {}, several);
      await write(world, 0, bytesOf(4 * pageSize, 1), alice);
      await write(world, 2 * pageSize, bytesOf(10, 2), bob);
      refuse(world, alice, 1);
      return world;
    },
    actors: {
      syncer: ({ space }) => space.sync(alice),
      writer: (world) => write(world, pageSize + 10, bytesOf(10, 3), alice),
    },
    forced: [{ actor: "syncer", until: "store: write is answered" }, { actor: "writer" }, { actor: "syncer" }],
    check: async (world) => {
      const bytes = await expectPromise(world);
      expect(describeBytes(bytes.subarray(2 * pageSize, 2 * pageSize + 10)), "the other user's").toBe("10 x 2");
    },
  });
});

describe("[S0.9] a page is refused ‖ newer bytes of it, whose record is refused for another page", () => {
  testRace({
    world: async () => {
      const world = await refusalWorld(bytesOf(2 * pageSize, 7));
      await write(world, 0, bytesOf(pageSize, 1), alice);
      refuse(world, alice);
      return world;
    },
    actors: {
      flusher: ({ space }) => writebackPass(space, writeSome("background", 1e9)),
      writer: (world) => write(world, 10, bytesOf(2 * pageSize - 10, 2), alice),
    },
    forced: [{ actor: "flusher", until: "store: write is answered" }, { actor: "writer" }, { actor: "flusher" }],
    check: async (world) => {
      expect(describeBytes(await expectPromise(world))).toBe(`${2 * pageSize} x 7`);
    },
  });
});

describe("[S5.2] a rescue that fails ‖ a write to the page ‖ truncate", () => {
  testRace({
    world: async () => {
      const world = await refusalWorld(bytesOf(2 * pageSize, 7));
      await write(world, 0, bytesOf(pageSize, 1), alice);
      refuse(world, alice, 1);
      world.rescue.failure = new Failure("ENOSPC");
      return world;
    },
    actors: {
      syncer: ({ space }) => space.sync(alice),
      writer: (world) => write(world, 10, bytesOf(10, 2), alice),
      cutter: (world) => truncate(world, 100, bob),
    },
    forced: [
      { actor: "syncer", until: "rescue: arrives" },
      { actor: "writer" },
      { actor: "cutter" },
      { actor: "syncer" },
      { actor: "cutter" },
    ],
    check: async (world) => {
      const { space, rescue, failures, rescued } = world;
      const wasRefused = world.racing.done.some(({ refusal }) => refusal !== undefined);
      expect(space.unrescuedBytes > 0, "what could not be rescued is in memory still").toBe(wasRefused);
      expect(failures.map(({ outcome }) => outcome)).toEqual(wasRefused ? ["unrescued"] : []);
      rescue.failure = undefined;
      expect(await space.retryRescue(asSuperuser.signal)).toBe(0);
      expect(rescued.length).toBe(rescue.entries.length);
      failures.splice(0, failures.length, ...rescued);
      const bytes = await expectPromise(world);
      expect(["100 x 7", "10 x 7, 10 x 2, 80 x 7", `10 x 0, 10 x 2`]).toContain(describeBytes(bytes));
    },
  });
});

describe("[S0.14] a file is deleted on the server ‖ two users' unsent bytes ‖ a write", () => {
  testRace({
    world: async () => {
      const world = await refusalWorld(bytesOf(2 * pageSize, 7));
      await write(world, 0, bytesOf(10, 1), alice);
      await write(world, pageSize, bytesOf(10, 2), bob);
      const mode = { read: true, write: true, execute: false };
      await world.store.release(world.node, mode, asSuperuser);
      return world;
    },
    actors: {
      deleter: async ({ other }) => {
        const { node } = await other.root(asSuperuser);
        await other.remove(node, "file", asSuperuser);
      },
      syncer: ({ space }) => space.sync(alice),
      writer: (world) => write(world, 50, bytesOf(10, 3), alice).catch(expectStale),
    },
    forced: [
      { actor: "syncer", until: "store: write arrives" },
      { actor: "deleter" },
      { actor: "writer" },
      { actor: "syncer" },
    ],
    check: async (world) => {
      await world.space.sync(alice);
      expect(world.space.dirtyBytes, "nothing stays that can never be sent").toBe(0);
      expect(world.history.contradiction(undefined)).toBeUndefined();
      expectToldOnce(world);
      for (const { name, position, bytes } of world.history.acknowledged) {
        const isSent = world.racing.writes.some(({ bytes: sent, offset }) => sent[position - offset] === bytes[0]);
        const isKept = world.rescue.entries.some((entry) => entry.bytes.some((kept) => kept.includes(bytes[0] ?? 0)));
        expect(isSent || isKept, name).toBe(true);
      }
    },
  });
});

function expectStale(thrown: unknown): void {
  expect(thrown).toMatchObject({ code: "ESTALE" });
}
