/** Changes of a file's bytes by a program. Each is told to the model before it begins and when it has ended. */
import type { CancelSignal } from "../../src/base/index.ts";
import type { Handle } from "../../src/files/index.ts";
import { openFlags } from "../../src/files/index.ts";
import type { VolumeNode } from "../../src/files/nodes/volume-node.ts";
import type { LocalChange } from "../model/change.ts";
import { mayEndAt } from "../model/lawful.ts";
import type { ModelFile } from "../model/model-file.ts";
import { whenAppended } from "./append-watch.ts";
import type { OpenSlot } from "./open-slot.ts";
import type { WriteWay } from "./operation.ts";
import type { World } from "./world.ts";

export async function writeTo(
  world: World,
  slot: OpenSlot,
  position: number,
  length: number,
  way: WriteWay,
  signal: CancelSignal,
): Promise<string> {
  const { handle, file } = slot;
  // A handle for appending has its own way.
  if ((handle.flags & openFlags.O_APPEND) !== 0) return await appendTo(world, slot, 1 + (length % 200), signal);
  if (way === "direct") await world.keeper.send(file, signal, position, position + length);
  const id = file.newId();
  if (id === 0) return "no id left";
  const change = file.begin("write", position, position + length, id, handle.credential.id, world.now());
  const source = Buffer.from(file.pattern.bytes(id, position, length));
  if (way === "frames" && writeFrames(world, handle, position, source)) {
    file.end(change, world.now(), length);
    return `taken over ${length}`;
  }
  const outcome = await acknowledged(world, slot, change, source, async () => {
    const count = way === "now" ? handle.tryWrite(position, source) : -1;
    if (count >= 0) return count;
    change.isWrittenAnew = way === "now";
    return await handle.writeAt(position, source, signal);
  });
  if (way === "direct") file.copies.drop(position, position + length);
  return outcome;
}

/** Gives whole pages away; answers whether they were taken. */
function writeFrames({ scenario }: World, handle: Handle, position: number, source: Buffer): boolean {
  const { pageSize } = scenario;
  if (source.length % pageSize !== 0 || position % pageSize !== 0) return false;
  const frames: Uint8Array[] = [];
  for (let at = 0; at < source.length; at += pageSize) frames.push(Uint8Array.from(source.subarray(at, at + pageSize)));
  const isTaken = handle.tryAdoptWrite(position, frames, source.length) === source.length;
  // The device fills its frames again at once.
  for (const frame of frames) frame.fill(0xdd);
  return isTaken;
}

export async function appendTo(world: World, slot: OpenSlot, length: number, signal: CancelSignal): Promise<string> {
  const { handle, file } = slot;
  if ((handle.flags & openFlags.O_APPEND) === 0) return "not appending";
  const id = file.newId();
  if (id === 0) return "no id left";
  const change = file.begin("write", -1, length, id, handle.credential.id, world.now());
  const source = Buffer.alloc(length);
  whenAppended(handle.node as VolumeNode, source, (position) => {
    file.place(change, position);
    source.set(file.pattern.bytes(id, position, length));
  });
  return await acknowledged(world, slot, change, source, async () => {
    const count = await handle.writeAt(0, source, signal);
    const asked = { from: change.begun, to: world.now(), noticed: 0 };
    if (!mayEndAt(file, change.start, asked)) {
      world.complain(`an append was put at ${change.start}, which is not the end`);
    }
    return count;
  });
}

/** A write that lasts; the bytes may be used again when it has ended. */
async function acknowledged(
  world: World,
  { file }: OpenSlot,
  change: LocalChange,
  source: Buffer,
  work: () => Promise<number>,
): Promise<string> {
  try {
    const count = await work();
    file.end(change, world.now(), count);
    return count === source.length ? `ok ${count}` : `short ${count}`;
  } catch (thrown) {
    file.fail(change, world.now());
    return world.excused(thrown, "write");
  } finally {
    source.fill(0xee);
  }
}

/** A cut, a punch, or another change that is made at the store at once. */
export async function changing(
  world: World,
  file: ModelFile,
  change: LocalChange,
  what: string,
  work: () => Promise<void>,
): Promise<string> {
  try {
    await work();
    file.end(change, world.now());
    world.admissions.letIn(file.node, change.credentialId);
    return "ok";
  } catch (thrown) {
    file.fail(change, world.now());
    return world.excused(thrown, what);
  }
}
