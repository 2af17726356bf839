/**
 * The world of races about refusals, and the promise they are judged by, byte by byte (S5.1): of every write that was
 * acknowledged, each byte was accepted by the store, or is in rescue, or was overtaken by another operation that had not
 * ended when the write began. Each write of a race has a value of its own, so it is known whose a byte is.
 */
import { expect } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import type { CacheOptions } from "../../../src/cache/index.ts";
import type { Call, RefusedBytes, RescueId } from "../../../src/port/index.ts";
import type { MemoryStoreOptions } from "../../../src/stores/memory/index.ts";
import { asSuperuser, bytesAtStore } from "../../kit/cached-file.ts";
import { RescueInMemory } from "../../kit/rescue-in-memory.ts";
import { point } from "../../kit/schedule/point.ts";
import { describeBytes } from "./history.ts";
import { type RaceWorld, raceWorld } from "./race.ts";

/** A rescue that takes turns: bytes are on their way to it, and its answer is on its way back. */
class RacingRescue extends RescueInMemory {
  override async keep(refused: RefusedBytes, signal: AbortSignal): Promise<RescueId> {
    const before = bytesOf(refused);
    await point(undefined, "rescue: arrives");
    const id = await super.keep(refused, signal);
    await point(undefined, "rescue: is answered");
    expect(Buffer.compare(bytesOf(refused), before), "bytes that changed while they were rescued").toBe(0);
    return id;
  }
}

function bytesOf({ ranges }: RefusedBytes): Buffer {
  return Buffer.concat(ranges.flatMap(({ frames }) => frames));
}

export interface RefusalWorld extends RaceWorld {
  readonly rescue: RescueInMemory;
}

export async function refusalWorld(
  bytes?: Uint8Array,
  options: Partial<CacheOptions> = {},
  storeOptions: MemoryStoreOptions = {},
): Promise<RefusalWorld> {
  const rescue = new RacingRescue();
  return Object.assign(await raceWorld(bytes, { rescue, ...options }, storeOptions), { rescue });
}

/** The store refuses this user's writes: all of them, or as many as said. */
export function refuse(world: RaceWorld, { credential }: Call, count: number = Number.POSITIVE_INFINITY): void {
  let left = count;
  world.racing.refusing = (operation) =>
    operation.name === "write" && operation.credential === credential.id && left-- > 0
      ? new Failure("EACCES", { syscall: "write" })
      : undefined;
}

/**
 * When everything is sent: every acknowledged byte is somewhere, each refusal was told once and has its rescue entry, and
 * cache and store agree on bytes and size. Answers the bytes.
 */
export async function expectPromise(world: RefusalWorld): Promise<Uint8Array> {
  const { history, failures, rescue, space } = world;
  await space.sync(asSuperuser);
  for (const write of history.acknowledged) {
    const lost = write.bytes.findIndex((value, at) => !isSomewhere(world, write.position + at, value, write.beganAt));
    expect(lost, `${write.name}: the first byte that is nowhere`).toBe(-1);
  }
  expectAsSent(world);
  expect(space.dirtyBytes, "bytes that are still unsent").toBe(0);
  expect(
    failures.map(({ rescueId }) => rescueId),
    "events",
  ).toEqual(rescue.entries.map(({ id }) => id));
  const stored = await bytesAtStore(world);
  expect(space.size, "the size here is the size there").toBe(stored.length);
  const cached = new Uint8Array(stored.length + 1);
  const count = await space.read(0, cached, space.newReadahead(), asSuperuser);
  expect(describeBytes(cached.subarray(0, count)), "the bytes here are the bytes there").toBe(describeBytes(stored));
  return stored;
}

/** What the store refused is rescued as it was sent, not as the page became since. */
function expectAsSent({ racing, rescue }: RefusalWorld): void {
  for (const { name, refusal, offset, bytes } of racing.done) {
    if (name !== "write" || refusal === undefined) continue;
    const missing = bytes.findIndex(
      (value, at) => !rescue.entries.some((entry) => isRescued(entry, offset + at, value)),
    );
    expect(missing, `refused at ${offset}, ${describeBytes(bytes)}: the first byte that is not in rescue`).toBe(-1);
  }
}

function isSomewhere(world: RefusalWorld, offset: number, value: number, since: number): boolean {
  const { history, racing, rescue } = world;
  if (racing.writes.some((write) => write.bytes[offset - write.offset] === value)) return true;
  if (rescue.entries.some((entry) => isRescued(entry, offset, value))) return true;
  return history.isOvertaken(offset, since);
}

function isRescued({ refused, bytes }: RescueInMemory["entries"][number], offset: number, value: number): boolean {
  return refused.ranges.some((range, at) => bytes[at]?.[offset - range.offset] === value);
}
