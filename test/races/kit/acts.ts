/** What actors do: operations of the cache that are remembered in the world's history, so that the model can judge them. */
import { expect } from "vitest";
import type { Call } from "../../../src/port/index.ts";
import { asSuperuser, bytesAtStore } from "../../kit/cached-file.ts";
import { readAs, resized, written } from "./history.ts";
import type { RaceWorld } from "./race.ts";

export function write(world: RaceWorld, position: number, source: Uint8Array, call: Call): Promise<number> {
  return world.history.did(
    {
      name: `write of ${source[0]} at ${position}`,
      effect: (before, count) => written(before, position, source.subarray(0, count)),
      wrote: (count) => ({ position, bytes: source.subarray(0, count) }),
    },
    () => world.space.write(position, source, call),
  );
}

export function append(
  world: RaceWorld,
  source: Uint8Array,
  call: Call,
): Promise<{ position: number; byteCount: number }> {
  return world.history.did(
    {
      name: `append of ${source[0]}`,
      effect: (before, { position, byteCount }) =>
        position === before.length ? written(before, position, source.subarray(0, byteCount)) : undefined,
      wrote: ({ position, byteCount }) => ({ position, bytes: source.subarray(0, byteCount) }),
    },
    () => world.space.append(source, call),
  );
}

export function truncate(world: RaceWorld, size: number, call: Call): Promise<unknown> {
  return world.history.did(
    {
      name: `truncate to ${size}`,
      effect: (before) => resized(before, size),
      cleared: { start: size, end: Number.POSITIVE_INFINITY },
    },
    () => world.space.truncate(size, call),
  );
}

/** A read within one page, which is one look at the file. */
export function read(world: RaceWorld, position: number, length: number, call: Call): Promise<Uint8Array> {
  return world.history.did(
    { name: `read at ${position}`, effect: (before, seen) => readAs(before, position, seen, length) },
    async () => {
      const target = new Uint8Array(length);
      const count = await world.space.read(position, target, world.space.newReadahead(), call);
      return target.subarray(0, count);
    },
  );
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
