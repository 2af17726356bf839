/**
 * A store between a cache and a real store, that takes its time and, when told to, answers short, refuses, or does what it
 * was asked only long after: every read and write yields to other work as often as a seed decides. What reaches the store
 * behind is unchanged.
 */
import { setImmediate } from "node:timers/promises";
import { type ByteOffset, type Clock, delay, type ErrorCode, Failure, SeededRandom } from "../../src/base/index.ts";
import type { Call, NodeId, Store, Version } from "../../src/port/index.ts";
import { withMembers } from "./hooked-store.ts";

export interface Unruliness {
  /** Chance that a write takes only a part of what it was sent. */
  readonly shortWriteChance?: number;
  /** Chance that a write is refused, and with what: unless said otherwise EDQUOT, which keeps the bytes dirty. */
  readonly refusalChance?: number;
  readonly refusalCode?: ErrorCode;
  /** The most turns an operation may take. */
  readonly turnsMax?: number;
  /** Chance that an operation is done only after `late.delayMs` on the clock. */
  readonly late?: { readonly chance: number; readonly delayMs: number; readonly clock: Clock };
}

export function unrulyStore(store: Store, seed: number, unruliness: Unruliness = {}): Store {
  const random = new SeededRandom(seed);
  const { shortWriteChance = 0, refusalChance = 0, refusalCode = "EDQUOT", turnsMax = 3, late } = unruliness;
  async function dawdle(): Promise<void> {
    if (late !== undefined && random.chance(late.chance)) await delay(late.clock, late.delayMs);
    for (let turns = random.below(turnsMax + 1); turns > 0; turns--) await setImmediate();
  }
  async function read(node: NodeId, offset: ByteOffset, frames: readonly Uint8Array[], call: Call) {
    await dawdle();
    const result = await store.read(node, offset, frames, call);
    await dawdle();
    return result;
  }
  async function write(
    node: NodeId,
    offset: ByteOffset,
    frames: readonly Uint8Array[],
    expected: Version | undefined,
    call: Call,
  ) {
    await dawdle();
    if (random.chance(refusalChance)) throw new Failure(refusalCode, { syscall: "write" });
    const sent = random.chance(shortWriteChance) ? shortened(frames, random) : frames;
    const result = await store.write(node, offset, sent, expected, call);
    await dawdle();
    return result;
  }
  return withMembers(store, { read, write });
}

function shortened(frames: readonly Uint8Array[], random: SeededRandom): Uint8Array[] {
  const total = frames.reduce((sum, frame) => sum + frame.length, 0);
  let left = 1 + random.below(total);
  const part: Uint8Array[] = [];
  for (const frame of frames) {
    if (left === 0) break;
    part.push(frame.subarray(0, left));
    left -= Math.min(left, frame.length);
  }
  return part;
}
