/** What actors do: operations of the cache that are remembered in the world's history, so that the model can judge them. */
import { expect } from "vitest";
import type { Call } from "../../../src/port/index.ts";
import { asSuperuser, bytesAtStore } from "../../kit/cached-file.ts";
import { describeBytes, readAs } from "./history.ts";
import type { RaceWorld } from "./race.ts";

export function write(world: RaceWorld, position: number, source: Uint8Array, call: Call): Promise<number> {
  return world.history.did(
    {
      name: `write of ${source[0]} at ${position}`,
      effect: (before, count) => before.write(position, source.subarray(0, count)),
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
      effect: (before, { position, byteCount }, beganAt) =>
        before.append(position, source.subarray(0, byteCount), beganAt),
      wrote: ({ position, byteCount }) => ({ position, bytes: source.subarray(0, byteCount) }),
    },
    () => world.space.append(source, call),
  );
}

export function truncate(world: RaceWorld, size: number, call: Call): Promise<unknown> {
  return world.history.did(
    {
      name: `truncate to ${size}`,
      effect: (before) => before.resize(size),
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

/**
 * Everything is sent: then cache and store have the same bytes, the model says that they can be what they are, and each
 * handle hears once of what was refused, or of nothing. Answers the bytes.
 */
export async function expectExplained(world: RaceWorld, call: Call = asSuperuser): Promise<Uint8Array> {
  const { space } = world;
  await space.sync(call);
  expect(space.dirtyBytes, "nothing is left unsent").toBe(0);
  const stored = await bytesAtStore(world);
  expect(space.size, "the size here is the size there").toBe(stored.length);
  const cached = new Uint8Array(stored.length + 1);
  const count = await space.read(0, cached, space.newReadahead(), call);
  expect(describeBytes(cached.subarray(0, count)), "the bytes here are the bytes there").toBe(describeBytes(stored));
  expect(world.history.contradiction(stored)).toBeUndefined();
  expectToldOnce(world);
  return stored;
}

/** Each of two handles that were open before hears of the last refusal, and of nothing a second time (S5.8). */
export function expectToldOnce({ space, failures, cursors }: RaceWorld): void {
  for (const cursor of cursors) {
    expect(space.errors.check(cursor)?.code, "what a handle hears").toBe(failures.at(-1)?.failure.code);
    expect(space.errors.check(cursor), "what it hears again").toBeUndefined();
  }
}
