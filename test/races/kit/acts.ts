/** What actors do: operations of the cache that are remembered in the world's history, so that the model can judge them. */
import { expect } from "vitest";
import type { Call } from "../../../src/port/index.ts";
import { asSuperuser, bytesAtStore } from "../../kit/cached-file.ts";
import { readAs, resized, written } from "./history.ts";
import type { RaceWorld } from "./race.ts";

export function write(world: RaceWorld, position: number, source: Uint8Array, call: Call): Promise<number> {
  return world.history.did(
    `write of ${source[0]} at ${position}`,
    () => world.space.write(position, source, call),
    (before, count) => written(before, position, source.subarray(0, count)),
  );
}

export function append(world: RaceWorld, source: Uint8Array, call: Call): Promise<unknown> {
  return world.history.did(
    `append of ${source[0]}`,
    () => world.space.append(source, call),
    (before, { position, byteCount }) =>
      position === before.length ? written(before, position, source.subarray(0, byteCount)) : undefined,
  );
}

export function truncate(world: RaceWorld, size: number, call: Call): Promise<unknown> {
  return world.history.did(
    `truncate to ${size}`,
    () => world.space.truncate(size, call),
    (before) => resized(before, size),
  );
}

export function punch(world: RaceWorld, position: number, length: number, call: Call): Promise<unknown> {
  return world.history.did(
    `punch at ${position}`,
    () => world.space.punchHole(position, length, call),
    (before) => {
      const after = before.slice();
      after.fill(0, position, position + length);
      return after;
    },
  );
}

/** A read within one page, which is one look at the file. */
export async function read(world: RaceWorld, position: number, length: number, call: Call): Promise<Uint8Array> {
  const look = async (): Promise<Uint8Array> => {
    const target = new Uint8Array(length);
    const count = await world.space.read(position, target, world.space.newReadahead(), call);
    return target.subarray(0, count);
  };
  return await world.history.did(`read at ${position}`, look, (before, seen) => readAs(before, position, seen, length));
}

/** Everything is sent: then cache and store have the same bytes, and the model says that they can be what they are. */
export async function expectExplained(world: RaceWorld, call: Call = asSuperuser): Promise<void> {
  const { space } = world;
  await space.sync(call);
  expect(space.dirtyBytes, "nothing is left unsent").toBe(0);
  const stored = await bytesAtStore(world);
  expect(space.size, "the size here is the size there").toBe(stored.length);
  const cached = new Uint8Array(stored.length + 1);
  const count = await space.read(0, cached, space.newReadahead(), call);
  expect(Buffer.compare(cached.subarray(0, count), stored), "the bytes here are the bytes there").toBe(0);
  expect(world.history.contradiction(stored)).toBeUndefined();
}
