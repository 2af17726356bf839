/** What others do: another client of the server, its administrator, the weather, and a server that loses its power. */
import { type ByteOffset, delay, Failure } from "../../src/base/index.ts";
import { asSuperuser } from "../kit/cached-file.ts";
import type { ModelFile } from "../model/model-file.ts";
import type { Medium } from "./media.ts";
import { name } from "./open-slot.ts";
import type { OtherOperation } from "./operation.ts";
import type { World } from "./world.ts";

/** Weather ends by itself: a writer at the dirty limit of a store that is out of reach is held as long (G20). */
const weatherMsMax = 120_000;

/** Does one entry of the script that is nobody's of the volume; answers in a word how it went. */
export async function happenElsewhere(world: World, operation: OtherOperation): Promise<string> {
  switch (operation.kind) {
    case "weather":
      return changeWeather(world, operation);
    case "crash":
      return crash(world);
    case "medium":
      return changeMedium(world, operation.inserted);
    default: {
      // One that is being made just now is not known yet.
      const node = world.server.root.entries?.get(name(operation.file))?.id;
      if (node === undefined)
        return operation.kind === "otherWrite" ? await unlessGone(create(world, operation)) : "no such file";
      const file = world.files.get(node);
      return file === undefined ? "no such file" : await unlessGone(onFile(world, operation, file));
    }
  }
}

async function onFile(
  world: World,
  operation: Exclude<OtherOperation, { kind: "weather" | "crash" | "medium" }>,
  file: ModelFile,
): Promise<string> {
  const { node } = file;
  // The cache may meet its own conflict, and what it had is old.
  world.excuses.add("ESTALE");
  world.faults.add(operation.kind);
  switch (operation.kind) {
    case "otherWrite":
      return write(world, file, operation.position, operation.length);
    case "otherTruncate":
      await world.other.setAttributes(node, { size: operation.size }, asSuperuser);
      file.serverResized(operation.size, undefined, world.now(), world.clock.nowMs());
      return "ok";
    case "otherDelete": {
      await world.other.remove(world.server.root.id, name(operation.file), asSuperuser);
      world.noteRemovalsElsewhere();
      if (operation.forgets && file.removed !== undefined) {
        world.faulty.gone.add(file.node);
        return "forgotten";
      }
      return "ok";
    }
    case "otherMode":
      world.excuses.add("EACCES").add("EPERM");
      await world.other.setAttributes(node, { mode: operation.mode }, asSuperuser);
      return "ok";
  }
}

/** Another client makes a file, in the turn that saw that there is none: a program may make it in the next. */
async function create(world: World, operation: Extract<OtherOperation, { kind: "otherWrite" }>): Promise<string> {
  const { node } = await world.other.createFile(world.server.root.id, name(operation.file), 0o666, asSuperuser);
  world.created(node, name(operation.file));
  world.faults.add("otherCreate");
  await write(world, world.fileOf({ id: node }), operation.position, operation.length);
  return "made";
}

async function write(world: World, file: ModelFile, position: ByteOffset, length: number): Promise<string> {
  const id = file.newId();
  if (id === 0) return "no id left";
  await world.other.write(file.node, position, [file.pattern.bytes(id, position, length)], undefined, asSuperuser);
  file.serverWrote(position, position + length, id, undefined, world.now(), world.clock.nowMs());
  return "ok";
}

function changeWeather(
  { faulty, faults, clock }: World,
  { weather, isOn }: Extract<OtherOperation, { kind: "weather" }>,
): string {
  if (!isOn) {
    faulty.endWeather(weather);
    return "over";
  }
  faults.add(`weather ${weather}`);
  faulty.weather.add(weather);
  clock.after(weatherMsMax, () => faulty.endWeather(weather));
  return "on";
}

/** The medium comes back by itself, as weather ends. */
function changeMedium({ media, faults, excuses, clock }: World, inserted: Medium | "none"): string {
  faults.add(`medium ${inserted}`);
  // What had no name any more has not outlasted it; what is open is held again when it is back, one after the other.
  for (const code of ["ENOMEDIUM", "ESTALE", "ETIMEDOUT"] as const) excuses.add(code);
  media?.change(inserted === "none" ? undefined : inserted);
  if (inserted !== "own") clock.after(weatherMsMax, () => media?.change("own"));
  return "changed";
}

/**
 * What was not durable is gone; what an fsync has promised is not. That is between two turns: whatever the server has done is
 * noted, and it does nothing more before the model knows what is left.
 */
async function crash(world: World): Promise<string> {
  await delay(world.clock, 0);
  world.fault("crash", "EIO");
  world.excuses.add("ESTALE");
  world.server.crash();
  for (const file of world.files.values()) {
    const contents = await contentOf(world, file);
    if (contents === undefined || file.isServer(contents)) continue;
    const lost = file.promiseBrokenBy(contents);
    file.serverLost(contents, world.now(), world.clock.nowMs());
    if (lost !== undefined) world.complain(`${world.nameOf(file)}: ${lost}`);
  }
  world.copies.check();
  return "ok";
}

/** What the server has now; undefined when the file is gone. */
export async function contentOf({ other }: World, file: ModelFile): Promise<Uint8Array | undefined> {
  try {
    const { size } = await other.getAttributes(file.node, asSuperuser);
    const bytes = new Uint8Array(size);
    await other.read(file.node, 0, [bytes], asSuperuser);
    return bytes;
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === "ESTALE") return undefined;
    throw thrown;
  }
}

/** What somebody did to a file, or that another was first to remove it. */
async function unlessGone(doing: Promise<string>): Promise<string> {
  try {
    return await doing;
  } catch (thrown) {
    if (thrown instanceof Failure && (thrown.code === "ENOENT" || thrown.code === "ESTALE")) return "no such file";
    throw thrown;
  }
}
