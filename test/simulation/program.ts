/** A program on the volume: it has a credential and some places for open files, does operations and looks at their answers. */
import { type CancelSignal, CancelSource, delay, Failure, neverFires } from "../../src/base/index.ts";
import { FrameRun, ToldFailure } from "../../src/cache/index.ts";
import { type Handle, openFlags } from "../../src/files/index.ts";
import type { VolumeNode } from "../../src/files/nodes/volume-node.ts";
import type { Call, Credential } from "../../src/port/index.ts";
import type { LocalChange, Tick } from "../model/change.ts";
import type { Ear } from "../model/failures.ts";
import { complaintOfRead, mayEndAt } from "../model/lawful.ts";
import type { ModelFile } from "../model/model-file.ts";
import { whenAppended } from "./append-watch.ts";
import type { Access, ProgramOperation, ReadWay, WriteWay } from "./operation.ts";
import type { World } from "./world.ts";

export interface OpenSlot {
  readonly handle: Handle;
  readonly file: ModelFile;
  readonly ear: Ear;
}

const flagsOf: Record<Access, number> = {
  r: openFlags.O_RDONLY,
  w: openFlags.O_WRONLY,
  rw: openFlags.O_RDWR,
  a: openFlags.O_RDWR | openFlags.O_APPEND,
};

export class Program {
  readonly name: string;
  readonly credential: Credential;
  readonly slots: Map<number, OpenSlot> = new Map();
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
        return this.#open(operation.slot, operation.file, operation.access, call);
      case "sync":
        return this.#syncAll(call);
      case "unlink":
        return this.#named("unlink", () =>
          this.#world.volume.unlink(this.#world.volume.root, name(operation.file), call),
        );
      case "rename": {
        const { root } = this.#world.volume;
        const { file, to } = operation;
        return this.#named("rename", () =>
          this.#world.volume.rename(root, name(file), root, name(to), "replace", call),
        );
      }
      default: {
        const slot = this.slots.get(operation.slot);
        return slot === undefined ? Promise.resolve("not open") : this.#onSlot(operation, slot, call);
      }
    }
  }

  #onSlot(
    operation: Exclude<ProgramOperation, { kind: "open" | "sync" | "unlink" | "rename" }>,
    slot: OpenSlot,
    call: Call,
  ): Promise<string> {
    switch (operation.kind) {
      case "close":
        return this.close(operation.slot, call.signal);
      case "read":
        return this.read(slot, operation.position, operation.length, operation.way, call.signal);
      case "write":
        return this.#write(slot, operation.position, operation.length, operation.way, call.signal);
      case "append":
        return this.#append(slot, operation.length, call.signal);
      case "truncate":
        return this.truncate(slot, operation.size, call.signal);
      case "punch":
        return this.#punch(slot, operation.position, operation.length, call.signal);
      case "fsync":
        return this.#telling("fsync", slot, () => slot.handle.sync(call.signal));
      case "stat":
        return this.#stat(slot, call);
      case "invalidate":
        return this.#invalidate(slot, operation.position, operation.length, call);
    }
  }

  async #open(number: number, file: number, access: Access, call: Call): Promise<string> {
    if (this.slots.has(number)) await this.close(number, neverFires);
    const from = this.#world.now();
    try {
      const handle = await this.#opened(name(file), access, call);
      this.slots.set(number, this.#admit(handle, from));
      return "ok";
    } catch (thrown) {
      return this.#world.excused(thrown, "open", ["ENOENT", "EEXIST", "ESTALE"]);
    }
  }

  async #opened(path: string, access: Access, call: Call): Promise<Handle> {
    const { volume } = this.#world;
    const flags = flagsOf[access];
    try {
      return await volume.openNode(await volume.lookup(volume.root, path, call), flags, call);
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.code !== "ENOENT" || access === "r") throw thrown;
      return await volume.createFile(volume.root, path, 0o666, flags, call);
    }
  }

  /** Opens a file that is there, for reading and writing. */
  async openNode(node: VolumeNode): Promise<OpenSlot> {
    const from = this.#world.now();
    const call = this.#world.call(this.credential);
    return this.#admit(await this.#world.volume.openNode(node, openFlags.O_RDWR, call), from);
  }

  #admit(handle: Handle, from: Tick): OpenSlot {
    const node = handle.node as VolumeNode;
    const file = this.#world.fileOf(node);
    this.#world.nodes.set(file, node);
    return { handle, file, ear: file.failures.open(from) };
  }

  async close(number: number, signal: CancelSignal): Promise<string> {
    const slot = this.slots.get(number);
    if (slot === undefined) return "not open";
    this.slots.delete(number);
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
      world.require(prefixed(what, file.failures.told(ear, cause.told, from, world.now())));
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
    const world = this.#world;
    const { handle, file } = slot;
    if (!canRead(handle)) return "not readable";
    const from = world.now();
    try {
      if (way === "views") return await this.#readViews(slot, position, length, signal);
      const target = new Uint8Array(length);
      let count = way === "now" ? handle.tryRead(position, target) : -1;
      if (count < 0) count = await handle.readAt(position, target, signal);
      const asked = { from, to: world.now(), noticed: 0 };
      world.require(prefixed(world.nameOf(file), complaintOfRead(file, position, target, count, length, asked)));
      return `ok ${count}`;
    } catch (thrown) {
      return world.excused(thrown, "read");
    }
  }

  async #readViews(slot: OpenSlot, position: number, length: number, signal: CancelSignal): Promise<string> {
    const world = this.#world;
    const { handle, file } = slot;
    const run = new FrameRun();
    const from = world.now();
    try {
      const isNow = handle.tryReadFrames(position, length, run);
      if (!isNow) await handle.readFramesAt(position, length, run, signal);
      const bytes = Buffer.concat(run.views);
      const asked = { from, to: world.now(), noticed: 0 };
      world.require(prefixed(world.nameOf(file), complaintOfRead(file, position, bytes, bytes.length, length, asked)));
      if (isNow) return `ok ${bytes.length}`;
      await delay(world.clock, world.random.below(50));
      const later = Buffer.concat(run.views);
      const seen = { ...asked, to: world.now() };
      world.require(prefixed(world.nameOf(file), complaintOfRead(file, position, later, later.length, length, seen)));
      return `ok ${bytes.length}`;
    } finally {
      run.release();
    }
  }

  async #write(slot: OpenSlot, position: number, length: number, way: WriteWay, signal: CancelSignal): Promise<string> {
    const { handle, file } = slot;
    if (!canWrite(handle)) return "not writable";
    // A handle for appending has its own way.
    if ((handle.flags & openFlags.O_APPEND) !== 0) return this.#append(slot, 1 + (length % 200), signal);
    const id = file.newId();
    if (id === 0) return "no id left";
    const change = file.begin("write", position, position + length, id, this.credential.id, this.#world.now());
    const source = Buffer.from(file.pattern.bytes(id, position, length));
    if (way === "frames" && this.#writeFrames(handle, position, source)) {
      file.end(change, this.#world.now(), length);
      return `taken over ${length}`;
    }
    return this.#acknowledged(slot, change, source, async () => {
      const count = way === "now" ? handle.tryWrite(position, source) : -1;
      if (count >= 0) return count;
      change.isWrittenAnew = way === "now";
      return await handle.writeAt(position, source, signal);
    });
  }

  /** Gives whole pages away; answers whether they were taken. */
  #writeFrames(handle: Handle, position: number, source: Buffer): boolean {
    const { pageSize } = this.#world.scenario;
    if (source.length % pageSize !== 0 || position % pageSize !== 0) return false;
    const frames: Uint8Array[] = [];
    for (let at = 0; at < source.length; at += pageSize)
      frames.push(Uint8Array.from(source.subarray(at, at + pageSize)));
    const isTaken = handle.tryAdoptWrite(position, frames, source.length) === source.length;
    // The device fills its frames again at once.
    for (const frame of frames) frame.fill(0xdd);
    return isTaken;
  }

  async #append(slot: OpenSlot, length: number, signal: CancelSignal): Promise<string> {
    const { handle, file } = slot;
    if (!canWrite(handle) || (handle.flags & openFlags.O_APPEND) === 0) return "not appending";
    const world = this.#world;
    const id = file.newId();
    if (id === 0) return "no id left";
    const change = file.begin("write", -1, length, id, this.credential.id, world.now());
    const source = Buffer.alloc(length);
    whenAppended(handle.node as VolumeNode, source, (position) => {
      file.place(change, position);
      source.set(file.pattern.bytes(id, position, length));
    });
    return this.#acknowledged(slot, change, source, async () => {
      const count = await handle.writeAt(0, source, signal);
      const asked = { from: change.begun, to: world.now(), noticed: 0 };
      if (!mayEndAt(file, change.start, asked)) {
        world.complain(`an append was put at ${change.start}, which is not the end`);
      }
      return count;
    });
  }

  /** A write that lasts; the bytes may be used again when it has ended. */
  async #acknowledged(
    { file }: OpenSlot,
    change: LocalChange,
    source: Buffer,
    work: () => Promise<number>,
  ): Promise<string> {
    try {
      const count = await work();
      file.end(change, this.#world.now(), count);
      return count === source.length ? `ok ${count}` : `short ${count}`;
    } catch (thrown) {
      file.fail(change, this.#world.now());
      return this.#world.excused(thrown, "write");
    } finally {
      source.fill(0xee);
    }
  }

  async truncate({ handle, file }: OpenSlot, size: number, signal: CancelSignal): Promise<string> {
    if (!canWrite(handle)) return "not writable";
    const change = file.begin("resize", size, Number.POSITIVE_INFINITY, 0, this.credential.id, this.#world.now());
    return this.#changing(file, change, "truncate", () => handle.truncate(size, signal));
  }

  async #punch({ handle, file }: OpenSlot, position: number, length: number, signal: CancelSignal): Promise<string> {
    if (!canWrite(handle)) return "not writable";
    const change = file.begin("zero", position, position + length, 0, this.credential.id, this.#world.now());
    return this.#changing(file, change, "punch", () => handle.punchHole(position, length, signal));
  }

  async #changing(file: ModelFile, change: LocalChange, what: string, work: () => Promise<void>): Promise<string> {
    try {
      await work();
      file.end(change, this.#world.now());
      return "ok";
    } catch (thrown) {
      file.fail(change, this.#world.now());
      return this.#world.excused(thrown, what);
    }
  }

  async #stat({ handle, file }: OpenSlot, call: Call): Promise<string> {
    const world = this.#world;
    const from = world.now();
    try {
      const now = world.volume.tryGetAttributes(handle.node, call.credential);
      const { size } = now ?? (await world.volume.getAttributes(handle.node, call));
      const asked = { from, to: world.now(), noticed: 0 };
      if (!mayEndAt(file, size, asked)) world.require(`${world.nameOf(file)} is said to end at ${size}`);
      return `ok ${size}`;
    } catch (thrown) {
      return world.excused(thrown, "stat");
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
    try {
      await world.volume.sync(call);
      world.promiseDurable(from);
      return "ok";
    } catch (thrown) {
      return world.excused(thrown, "sync", world.excuses.size > 0 ? ["EIO"] : []);
    } finally {
      for (const file of world.files.values()) file.failures.maybeHeardAll();
    }
  }

  async #named(what: string, work: () => Promise<void>): Promise<string> {
    try {
      await work();
      return "ok";
    } catch (thrown) {
      return this.#world.excused(thrown, what, ["ENOENT", "ESTALE"]);
    }
  }
}

export function canRead({ flags }: Handle): boolean {
  return (flags & openFlags.O_ACCMODE) !== openFlags.O_WRONLY;
}

function canWrite({ flags }: Handle): boolean {
  return (flags & openFlags.O_ACCMODE) !== openFlags.O_RDONLY;
}

/** The name of a file number. */
export function name(file: number): string {
  return `f${file}`;
}

function prefixed(what: string, complaint: string | undefined): string | undefined {
  return complaint === undefined ? undefined : `${what}: ${complaint}`;
}
