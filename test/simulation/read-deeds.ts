/** Reads of a program: what they show must be lawful, at once and for as long as views of frames are looked at. */
import { type CancelSignal, delay } from "../../src/base/index.ts";
import { FrameRun } from "../../src/cache/index.ts";
import { complaintOfRead } from "../model/lawful.ts";
import { answered, asking, unanswered } from "./noticed.ts";
import { type OpenSlot, prefixed } from "./open-slot.ts";
import type { ReadWay } from "./operation.ts";
import type { World } from "./world.ts";

/** Views of frames are looked at once more within so long. */
const viewedMsMax = 50;

export async function readFrom(
  world: World,
  slot: OpenSlot,
  position: number,
  length: number,
  way: ReadWay,
  signal: CancelSignal,
): Promise<string> {
  const { handle, file } = slot;
  const question = asking(world, file, handle.credential);
  try {
    if (way === "views") return await readViews(world, slot, position, length, signal);
    if (way === "direct") await world.keeper.send(file, signal, position, position + length);
    const target = new Uint8Array(length);
    let count = way === "now" ? handle.tryRead(position, target) : -1;
    if (count < 0) count = await handle.readAt(position, target, signal);
    const asked = answered(world, question);
    world.require(prefixed(world.nameOf(file), complaintOfRead(file, position, target, count, length, asked)));
    return `ok ${count}`;
  } catch (thrown) {
    return unanswered(world, question, thrown, "read");
  }
}

async function readViews(
  world: World,
  { handle, file }: OpenSlot,
  position: number,
  length: number,
  signal: CancelSignal,
): Promise<string> {
  const run = new FrameRun();
  const question = asking(world, file, handle.credential);
  try {
    const isNow = handle.tryReadFrames(position, length, run);
    if (!isNow) await handle.readFramesAt(position, length, run, signal);
    const bytes = Buffer.concat(run.views);
    const asked = answered(world, question);
    world.require(prefixed(world.nameOf(file), complaintOfRead(file, position, bytes, bytes.length, length, asked)));
    if (isNow) return `ok ${bytes.length}`;
    await delay(world.clock, world.random.below(viewedMsMax));
    const later = Buffer.concat(run.views);
    const seen = { ...asked, to: world.now() };
    world.require(prefixed(world.nameOf(file), complaintOfRead(file, position, later, later.length, length, seen)));
    return `ok ${bytes.length}`;
  } finally {
    run.release();
  }
}
