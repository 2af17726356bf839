/** A program on the volume: it has a credential and some places for open files, does operations and looks at their answers. */
import { type CancelSignal, CancelSource, Failure, neverFires } from "../../src/base/index.ts";
import { ToldFailure } from "../../src/cache/index.ts";
import { type Handle, openFlags } from "../../src/files/index.ts";
import type { VolumeNode } from "../../src/files/nodes/volume-node.ts";
import type { Call, Credential } from "../../src/port/index.ts";
import { mayEndAt } from "../model/lawful.ts";
import { answered, asking, unanswered } from "./noticed.ts";
import { admit, canWrite, flagsOf, misuseOf, mustRefuse, name, type OpenSlot, prefixed } from "./open-slot.ts";
import type { MappingOperation, ProgramOperation, ReadWay, SlotOperation } from "./operation.ts";
import { readFrom } from "./read-deeds.ts";
import type { World } from "./world.ts";
import { appendTo, changing, writeTo } from "./write-deeds.ts";

type OpenOperation = Extract<ProgramOperation, { kind: "open" }>;

export class Program {
  readonly name: string;
  readonly credential: Credential;
  readonly slots: Map<number, OpenSlot> = new Map();
  /** What is mapped, by the place that it was mapped from. */
  readonly mappings: Map<number, OpenSlot> = new Map();
  /** What was open in a place before, and is closed. */
  readonly #closed: Map<number, OpenSlot> = new Map();
  /** What could not be opened: it is tried again when it is wanted. */
  readonly #unopened: Map<number, OpenOperation> = new Map();
  readonly #world: World;

  constructor(world: World, name: string, credential: Credential) {
    this.#world = world;
    this.name = name;
    this.credential = credential;
  }

  /** Does one entry of the script; answers in a word how it went. */
  async perform(operation: ProgramOperation): Promise<string> {
    const interrupt = this.#interrupt(operation.interruptMs);
    const call: Call = { credential: this.credential, signal: interrupt.signal };
    try {
      return await this.#do(operation, call);
    } finally {
      interrupt.cancel();
    }
  }

  #interrupt(afterMs: number | undefined): { signal: CancelSignal; cancel: () => void } {
    if (afterMs === undefined) return { signal: neverFires, cancel: () => undefined };
    const source = new CancelSource();
    this.#world.fault("interrupt", "EINTR");
    return { signal: source.signal, cancel: this.#world.clock.after(afterMs, () => source.abort()) };
  }

  #do(operation: ProgramOperation, call: Call): Promise<string> {
    switch (operation.kind) {
      case "open":
        return this.#open(operation, call);
      case "sync":
        return this.#syncAll(call);
      case "unlink":
        return this.#named("unlink", () =>
          this.#world.volume.unlink(this.#world.volume.root, name(operation.file), call),
        );
      case "rename": {
        const { root } = this.#world.volume;
        const { file, to, way } = operation;
        return this.#named("rename", () => this.#world.volume.rename(root, name(file), root, name(to), way, call));
      }
      case "load":
      case "store":
      case "msync":
      case "unmap":
        return this.#onMapping(operation, call);
      case "link":
        return this.#named("link", () => this.#link(operation.file, operation.to, call));
      default:
        return this.#onSlot(operation, call);
    }
  }

  async #link(file: number, to: number, call: Call): Promise<void> {
    const { volume } = this.#world;
    await volume.link(await volume.lookup(volume.root, name(file), call), volume.root, name(to), call);
  }

  async #onMapping(operation: MappingOperation, { signal }: Call): Promise<string> {
    const { keeper } = this.#world;
    const mapping = this.mappings.get(operation.slot);
    if (mapping === undefined) return "not mapped";
    try {
      switch (operation.kind) {
        case "load":
          return await keeper.load(mapping, operation.position, operation.length, signal);
        case "store":
          if (!canWrite(mapping.handle)) return "not writable";
          return await keeper.store(mapping, operation.position, signal);
        case "msync":
          await keeper.send(mapping.file, signal);
          return await this.#telling("fsync", mapping, () => mapping.handle.sync(signal));
        case "unmap":
          return await this.unmap(operation.slot, signal);
      }
    } catch (thrown) {
      return this.#world.excused(thrown, operation.kind);
    }
  }

  async #map(number: number, slot: OpenSlot, call: Call): Promise<string> {
    if (this.mappings.has(number)) await this.unmap(number, neverFires);
    try {
      this.mappings.set(number, await this.#world.keeper.map(slot, call));
      return "ok";
    } catch (thrown) {
      return this.#world.excused(thrown, "map", ["ENOENT", "ESTALE"]);
    }
  }

  async unmap(number: number, signal: CancelSignal): Promise<string> {
    const mapping = this.mappings.get(number);
    if (mapping === undefined) return "not mapped";
    this.mappings.delete(number);
    return await this.#world.keeper.unmap(mapping, signal);
  }

  async #onSlot(operation: SlotOperation, call: Call): Promise<string> {
    const unopened = this.#unopened.get(operation.slot);
    if (unopened !== undefined) {
      const outcome = await this.#open(unopened, call);
      this.#world.outcomes.add(`open ${outcome}`);
      this.#world.timeline.add(this.name, `open again, slot ${operation.slot}: ${outcome}`);
      if (outcome !== "ok") return "not open";
    }
    const open = this.slots.get(operation.slot);
    const slot = open ?? this.#closed.get(operation.slot);
    const misuse = slot === undefined ? undefined : misuseOf(operation, slot, open !== undefined);
    if (misuse !== undefined) return await mustRefuse(this.#world, operation.kind, misuse);
    return open === undefined ? "not open" : await this.#onOpen(operation, open, call);
  }

  #onOpen(operation: SlotOperation, slot: OpenSlot, call: Call): Promise<string> {
    const world = this.#world;
    switch (operation.kind) {
      case "close":
        return this.close(operation.slot, call.signal);
      case "read":
        return this.read(slot, operation.position, operation.length, operation.way, call.signal);
      case "write":
        return writeTo(world, slot, operation.position, operation.length, operation.way, call.signal);
      case "append":
        return appendTo(world, slot, operation.length, call.signal);
      case "truncate":
        return this.truncate(slot, operation.size, call.signal);
      case "punch":
        return this.#punch(slot, operation.position, operation.length, call.signal);
      case "fsync":
        return this.#telling("fsync", slot, () => slot.handle.sync(call.signal));
      case "stat":
        return this.#stat(slot, call);
      case "map":
        return this.#map(operation.slot, slot, call);
      case "invalidate":
        return this.#invalidate(slot, operation.position, operation.length, call);
    }
  }

  async #open(operation: OpenOperation, call: Call): Promise<string> {
    const { slot } = operation;
    if (this.slots.has(slot)) await this.close(slot, neverFires);
    const from = this.#world.now();
    try {
      const handle = await this.#opened(operation, call);
      this.slots.set(slot, admit(this.#world, handle, from));
      this.#unopened.delete(slot);
      return "ok";
    } catch (thrown) {
      this.#unopened.set(slot, operation);
      return this.#world.excused(thrown, "open", ["ENOENT", "EEXIST", "ESTALE"]);
    }
  }

  async #opened({ file, access, truncates }: OpenOperation, call: Call): Promise<Handle> {
    const { volume } = this.#world;
    const flags = flagsOf[access];
    try {
      const node = await volume.lookup(volume.root, name(file), call);
      return truncates === true ? await this.#openCut(node, flags, call) : await volume.openNode(node, flags, call);
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.code !== "ENOENT" || access === "r") throw thrown;
      return await volume.createFile(volume.root, name(file), 0o666, flags, call);
    }
  }

  async #openCut(node: VolumeNode, flags: number, call: Call): Promise<Handle> {
    const world = this.#world;
    const file = world.fileOf(node);
    const cut = file.begin("resize", 0, Number.POSITIVE_INFINITY, 0, this.credential.id, world.now());
    try {
      const handle = await world.volume.openNode(node, flags | openFlags.O_TRUNC, call);
      file.end(cut, world.now());
      return handle;
    } catch (thrown) {
      file.fail(cut, world.now());
      throw thrown;
    }
  }

  /** Opens a file that is there, for reading and writing. */
  async openNode(node: VolumeNode): Promise<OpenSlot> {
    const from = this.#world.now();
    const call = this.#world.call(this.credential);
    return admit(this.#world, await this.#world.volume.openNode(node, openFlags.O_RDWR, call), from);
  }

  async close(number: number, signal: CancelSignal): Promise<string> {
    const slot = this.slots.get(number);
    if (slot === undefined) return "not open";
    this.slots.delete(number);
    this.#closed.set(number, slot);
    return this.closeSlot(slot, signal);
  }

  async closeSlot(slot: OpenSlot, signal: CancelSignal): Promise<string> {
    const outcome = await this.#telling("close", slot, () => slot.handle.flush(signal));
    await slot.handle.release();
    return outcome;
  }

  /** An operation that tells of failed write-backs (S5.8), and after which the store has everything written before. */
  async #telling(what: "fsync" | "close", slot: OpenSlot, work: () => Promise<void>): Promise<string> {
    const world = this.#world;
    const { file, ear, handle } = slot;
    const from = world.now();
    try {
      await work();
    } catch (thrown) {
      const { code, cause } = thrown as Failure;
      if (!(cause instanceof ToldFailure)) return world.excused(thrown, what);
      world.require(prefixed(what, file.failures.told(ear, cause.told, handle.credential.id, from, world.now())));
      if (code !== cause.told.failure.code) world.require(`${what} told ${code} for ${cause.told.failure.code}`);
      return code;
    }
    world.require(prefixed(what, file.failures.silent(ear, from)));
    if (file.removed === undefined && !file.hasCutSince(from) && (what === "fsync" || canWrite(handle))) {
      world.require(prefixed(`${what} succeeded`, file.openBefore(from)));
      if (what === "fsync") file.syncedAt = Math.max(file.syncedAt, from);
    }
    return "ok";
  }

  async read(slot: OpenSlot, position: number, length: number, way: ReadWay, signal: CancelSignal): Promise<string> {
    return await readFrom(this.#world, slot, position, length, way, signal);
  }

  async truncate({ handle, file }: OpenSlot, size: number, signal: CancelSignal): Promise<string> {
    const world = this.#world;
    const change = file.begin("resize", size, Number.POSITIVE_INFINITY, 0, this.credential.id, world.now());
    return await changing(world, file, change, "truncate", () => handle.truncate(size, signal));
  }

  async #punch({ handle, file }: OpenSlot, position: number, length: number, signal: CancelSignal): Promise<string> {
    const world = this.#world;
    const change = file.begin("zero", position, position + length, 0, this.credential.id, world.now());
    return await changing(world, file, change, "punch", () => handle.punchHole(position, length, signal));
  }

  async #stat({ handle, file }: OpenSlot, call: Call): Promise<string> {
    const world = this.#world;
    const question = asking(world, file, call.credential);
    try {
      const now = world.volume.tryGetAttributes(handle.node, call.credential);
      const { size } = now ?? (await world.volume.getAttributes(handle.node, call));
      if (!mayEndAt(file, size, answered(world, question)))
        world.require(`${world.nameOf(file)} is said to end at ${size}`);
      return `ok ${size}`;
    } catch (thrown) {
      return unanswered(world, question, thrown, "stat");
    }
  }

  async #invalidate({ handle }: OpenSlot, position: number, length: number, call: Call): Promise<string> {
    const { space } = handle.node as VolumeNode;
    if (space === undefined) return "nothing cached";
    try {
      const { pagesLeft } = await space.invalidate(position, position + length, call);
      return `ok, ${pagesLeft} left`;
    } catch (thrown) {
      return this.#world.excused(thrown, "invalidate");
    }
  }

  async #syncAll(call: Call): Promise<string> {
    const world = this.#world;
    const from = world.now();
    world.syncsUnderWay += 1;
    try {
      await world.volume.sync(call);
      world.promiseDurable(from);
      return "ok";
    } catch (thrown) {
      return world.excused(thrown, "sync", world.excuses.size > 0 ? ["EIO"] : []);
    } finally {
      world.syncsUnderWay -= 1;
      for (const file of world.files.values()) file.failures.maybeHeardAll();
    }
  }

  async #named(what: string, work: () => Promise<void>): Promise<string> {
    try {
      await work();
      return "ok";
    } catch (thrown) {
      return this.#world.excused(thrown, what, ["ENOENT", "EEXIST", "ESTALE"]);
    }
  }
}
