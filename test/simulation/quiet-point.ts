/**
 * Points of a run at which no program does anything. At each, everything that is open is read and compared. At a settled
 * one all troubles end first, the volume is drained, the attribute time-out passes, and then the cache, the server and the
 * model must agree on every byte and size; what has gone is forgotten.
 */
import { delay, Failure, neverFires } from "../../src/base/index.ts";
import { superuser } from "../../src/port/index.ts";
import { asSuperuser } from "../kit/cached-file.ts";
import { fileBytesMax, type ModelFile } from "../model/model-file.ts";
import { contentOf } from "./elsewhere.ts";
import { canRead } from "./open-slot.ts";
import { Program } from "./program.ts";
import type { World } from "./world.ts";

const drainTriesMax = 40;

/** Reads whole every file that somebody has open for reading. */
export async function compare(world: World, programs: readonly Program[]): Promise<void> {
  const seen = new Set<ModelFile>();
  for (const program of programs) {
    for (const slot of program.slots.values()) {
      if (seen.has(slot.file) || !canRead(slot.handle)) continue;
      seen.add(slot.file);
      await program.read(slot, 0, fileBytesMax, "wait", neverFires);
    }
  }
  world.volume.checkInvariants();
  world.server.checkInvariants();
  world.checkPromise();
}

export async function settle(world: World, programs: readonly Program[]): Promise<void> {
  world.faulty.calm();
  world.rescue.calm();
  world.keyOffice?.calm();
  await world.media?.putBack();
  for (const file of world.files.values()) {
    await world.other.setAttributes(file.node, { mode: 0o666 }, asSuperuser).catch(requireGone);
  }
  await compare(world, programs);
  await drain(world);
  await endLingering(world);
  await delay(world.clock, world.scenario.attributeTimeoutMs + 1);
  const auditor = new Program(world, "auditor", superuser);
  for (const file of world.files.values()) await audit(world, file, auditor);
  world.volume.checkInvariants();
  requireNothingUnsent(world);
  if (unsentOfRemoved(world) === 0) world.forgetExcuses();
  world.faulty.resumeFaults();
  world.keyOffice?.resumeFaults();
  world.rescue.resumeFaults(world.scenario.rescueFaults);
}

/** Bytes of a removed file stay until its last handle goes: nobody waits for them, or nobody can settle their conflict. */
function mayStayUnsent(world: World, file: ModelFile): boolean {
  return (
    file.removed === "here" ||
    world.faulty.gone.has(file.node) ||
    (file.removed === "elsewhere" && world.scenario.store.conditionalWrites === true)
  );
}

export function unsentOfRemoved(world: World): number {
  let byteCount = 0;
  for (const [file, { space }] of world.nodes) if (mayStayUnsent(world, file)) byteCount += space?.dirtyBytes ?? 0;
  return byteCount;
}

function requireNothingUnsent(world: World): void {
  const { dirtyBytes, inFlightBytes } = world.volume.snapshot().cache;
  const unsent = dirtyBytes + inFlightBytes - unsentOfRemoved(world);
  if (unsent > 0) world.require(`${unsent} bytes are unsent after a drain`);
}

function requireGone(thrown: unknown): void {
  if (!(thrown instanceof Failure && thrown.code === "ESTALE")) throw thrown;
}

/** Sends everything, as often as it takes; a file in conflict is cut by hand, one that can never be sent is gone. */
async function drain(world: World): Promise<void> {
  for (let tries = 0; tries < drainTriesMax; tries++) {
    await world.volume.sync().catch((thrown) => world.excused(thrown, "sync", ["EIO"]));
    for (const file of world.files.values()) file.failures.maybeHeardAll();
    const unsent = unsentFiles(world);
    if (unsent.length === 0) return;
    for (const file of unsent) {
      if (await isLostWithMedium(world, file)) world.faulty.gone.add(file.node);
      else await resolveConflict(world, file);
    }
    await delay(world.clock, 1_000);
  }
  const names = unsentFiles(world).map((file) => world.nameOf(file));
  world.require(`not sent after ${drainTriesMax} tries without troubles: ${names.join(", ")}`);
}

/** Refused bytes that the policy leaves to be seen are shown until the file is another one at the server. */
async function endLingering(world: World): Promise<void> {
  for (const file of world.files.values()) {
    if (!file.refused.some(({ lingers }) => lingers)) continue;
    await world.other.setAttributes(file.node, { size: file.size }, asSuperuser).catch(requireGone);
  }
}

function unsentFiles(world: World): ModelFile[] {
  return [...world.files.values()].filter((file) => isHeld(world, file) && !mayStayUnsent(world, file));
}

/** Whether the cache has bytes of the file that are nowhere else, or a change of it that may still be made. */
function isHeld(world: World, file: ModelFile): boolean {
  const space = world.nodes.get(file)?.space;
  if (space === undefined) return false;
  return space.dirtyBytes + space.unrescuedBytes > 0 || space.isSettling || space.lateChanges !== null;
}

/** Whether others took the last name of the file, and its medium came back without it: nobody finds it again. */
async function isLostWithMedium({ media }: World, file: ModelFile): Promise<boolean> {
  return media !== undefined && file.removed === "elsewhere" && (await media.hasLost(file.node));
}

/** Where writes are conditional, bytes over another client's change stay refused until somebody gives them up. */
async function resolveConflict(world: World, file: ModelFile): Promise<void> {
  if (!world.scenario.store.conditionalWrites || file.removed !== undefined) return;
  const node = world.nodes.get(file);
  if (node?.space === undefined || node.space.errors.latest?.code !== "ESTALE") return;
  const auditor = new Program(world, "auditor", superuser);
  const slot = await auditor.openNode(node);
  world.timeline.add("auditor", `gives up the unsent bytes of ${world.nameOf(file)}`);
  await auditor.truncate(slot, 0, neverFires);
  await auditor.closeSlot(slot, neverFires);
}

/** Everything that can be said of one file when all is quiet. */
async function audit(world: World, file: ModelFile, auditor: Program): Promise<void> {
  if (mayStayUnsent(world, file)) file.fates.forgive();
  else world.require(prefix(world, file, file.openBefore(world.now())));
  const atServer = await contentOf(world, file);
  if (atServer === undefined) return;
  if (!file.isServer(atServer)) throw new Error(`the model does not know what the server has of ${world.nameOf(file)}`);
  if (file.removed === undefined) await auditNamed(world, file, auditor);
  else if (isHeld(world, file) || file.isNews) return;
  file.settle();
}

async function auditNamed(world: World, file: ModelFile, auditor: Program): Promise<void> {
  const { volume } = world;
  const name = [...(world.server.root.entries ?? [])].find(([, node]) => node.id === file.node)?.[0];
  if (name === undefined) return world.require(`the server has no name for ${world.nameOf(file)}`);
  const node = await volume.lookup(volume.root, name, asSuperuser);
  const slot = await auditor.openNode(node as Parameters<Program["openNode"]>[0]);
  if (slot.file !== file) world.require(`${name} is ${world.nameOf(slot.file)} and should be ${world.nameOf(file)}`);
  const { size } = await volume.getAttributes(node, asSuperuser);
  if (size !== file.size) world.require(`${world.nameOf(file)} is said to have ${size} bytes and has ${file.size}`);
  const shown = new Uint8Array(fileBytesMax);
  const count = await slot.handle.readAt(0, shown);
  if (!file.isServer(shown.subarray(0, count))) world.require(differenceOf(world, file, shown.subarray(0, count)));
  await auditor.closeSlot(slot, neverFires);
}

function differenceOf(world: World, file: ModelFile, shown: Uint8Array): string {
  let at = 0;
  while (at < Math.min(shown.length, file.size) && shown[at] === file.content[at]) at++;
  const id = file.pattern.idOf(shown[at] ?? 0, at);
  const atServer = file.pattern.idOf(file.content[at] as number, at);
  const sizes = `${shown.length} bytes are shown, ${file.size} are at the server`;
  return `${world.nameOf(file)}: byte ${at} shows id ${id}, the server has id ${atServer}; ${sizes} (G17)`;
}

function prefix(world: World, file: ModelFile, complaint: string | undefined): string | undefined {
  return complaint === undefined ? undefined : `${world.nameOf(file)}: ${complaint}`;
}
