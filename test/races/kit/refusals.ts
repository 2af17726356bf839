/**
 * The world of races about refusals, and the promise they are judged by, byte by byte (S5.1): of every write that was
 * acknowledged, each byte was accepted by the store, or is in rescue, or was overtaken by another operation that had not
 * ended when the write began. Each write of a race has a value of its own, so it is known whose a byte is.
 */
import { expect } from "vitest";
import { Failure } from "../../../src/base/index.ts";
import type { CacheOptions, WritebackFailure } from "../../../src/cache/index.ts";
import type { Call, RefusedBytes, RescueId } from "../../../src/port/index.ts";
import type { MemoryStoreOptions } from "../../../src/stores/memory/index.ts";
import { type RescuedEntry, RescueInMemory } from "../../kit/rescue-in-memory.ts";
import { point } from "../../kit/schedule/point.ts";
import { expectExplained } from "./acts.ts";
import type { RefusedRange } from "./file-state.ts";
import { describeBytes } from "./history.ts";
import { type RaceWorld, raceWorld } from "./race.ts";

/** A rescue that takes turns: bytes are on their way to it, and its answer is on its way back. */
class RacingRescue extends RescueInMemory {
  /** When the bytes of each entry were in rescue: from then on they may leave. */
  readonly keptAt: Map<RescueId, number> = new Map();
  readonly #now: () => number;

  constructor(now: () => number) {
    super();
    this.#now = now;
  }

  override async keep(refused: RefusedBytes, signal: AbortSignal): Promise<RescueId> {
    const before = bytesOf(refused);
    await point(undefined, "rescue: arrives");
    const id = await super.keep(refused, signal);
    this.keptAt.set(id, this.#now());
    await point(undefined, "rescue: is answered");
    expect(Buffer.compare(bytesOf(refused), before), "bytes that changed while they were rescued").toBe(0);
    return id;
  }
}

function bytesOf({ ranges }: RefusedBytes): Buffer {
  return Buffer.concat(ranges.flatMap(({ frames }) => frames));
}

export interface RefusalWorld extends RaceWorld {
  readonly rescue: RacingRescue;
}

export async function refusalWorld(
  bytes?: Uint8Array,
  options: Partial<CacheOptions> = {},
  storeOptions: MemoryStoreOptions = {},
): Promise<RefusalWorld> {
  let world: RefusalWorld | undefined;
  const rescue = new RacingRescue(() => world?.history.now() ?? 0);
  world = Object.assign(await raceWorld(bytes, { rescue, ...options }, storeOptions), { rescue });
  noteExcisions(world);
  return world;
}

/** The model hears of each refusal that is told: between its rescue and now the bytes have left. */
function noteExcisions({ history, racing, rescue, failures, rescued }: RefusalWorld): void {
  const isAccepted = (offset: number, value: number): boolean =>
    racing.writes.some((write) => write.bytes[offset - write.offset] === value);
  for (const told of [failures, rescued]) {
    const push = (...failed: WritebackFailure[]): number => {
      for (const { rescueId } of failed) {
        const entry = rescue.entries.find(({ id }) => id === rescueId);
        if (entry === undefined) continue;
        const keptAt = rescue.keptAt.get(entry.id) as number;
        history.excised(entry.id, keptAt, { ranges: rangesOf(entry), isAccepted });
      }
      return Array.prototype.push.apply(told, failed);
    };
    Object.defineProperty(told, "push", { value: push });
  }
}

function rangesOf({ refused, bytes }: RescuedEntry): RefusedRange[] {
  return refused.ranges.map(({ offset }, at) => ({ start: offset as number, bytes: bytes[at] as Uint8Array }));
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
 * When everything is sent: the model explains what was seen and what is there, every acknowledged byte is somewhere, and each
 * refusal was told once and has its rescue entry. Answers the bytes.
 */
export async function expectPromise(world: RefusalWorld): Promise<Uint8Array> {
  const { failures, rescue } = world;
  const stored = await expectExplained(world);
  expectFates(world);
  expectAsSent(world);
  expect(
    failures.map(({ rescueId }) => rescueId),
    "events",
  ).toEqual(rescue.entries.map(({ id }) => id));
  return stored;
}

/** Of each acknowledged byte it is known where it is (S5.1). */
export function expectFates(world: RefusalWorld): void {
  for (const write of world.history.acknowledged) {
    const lost = write.bytes.findIndex((value, at) => !isSomewhere(world, write.position + at, value, write.beganAt));
    expect(lost, `${write.name}: the first byte that is nowhere`).toBe(-1);
  }
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
