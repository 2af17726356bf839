/**
 * The kernel above a mount, as far as it keeps copies of a file's pages. Programs map a file and touch the mapping; what they
 * load is fetched once and then shown without asking anybody, and what they store is sent as a write of the whole page, under
 * the credential of the mapping's handle, when they ask for it, unmap, or everything is settled. A copy goes when the volume
 * says that it is out of date, and for no other reason while the file is mapped, so one that the volume forgets stays and is
 * found: whatever is kept must be what a read may be answered with, and when all is settled what the server has.
 *
 * Words. A *mapping* has a handle of its own: it outlasts the descriptor that it was made from.
 */
import type { CancelSignal } from "../../src/base/index.ts";
import type { VolumeNode } from "../../src/files/nodes/volume-node.ts";
import type { Call } from "../../src/port/index.ts";
import type { Tick } from "../model/change.ts";
import { copyPageBytes, type KeptCopy } from "../model/kept-copies.ts";
import { complaintOfRead } from "../model/lawful.ts";
import type { ModelFile } from "../model/model-file.ts";
import { admit, canWrite, flagsOf, type OpenSlot } from "./open-slot.ts";
import type { World } from "./world.ts";

export class Keeper {
  readonly #world: World;
  readonly #mappings: Map<ModelFile, Set<OpenSlot>> = new Map();
  /** Whose handle a stored page is sent by. */
  readonly #storers: Map<KeptCopy, OpenSlot> = new Map();

  constructor(world: World) {
    this.#world = world;
  }

  /** Maps what a slot has open; rejects as an open does. */
  async map({ handle }: OpenSlot, call: Call): Promise<OpenSlot> {
    const world = this.#world;
    const from = world.now();
    const flags = flagsOf[canWrite(handle) ? "rw" : "r"];
    const mapping = admit(world, await world.volume.openNode(handle.node as VolumeNode, flags, call), from);
    const mappings = this.#mappings.get(mapping.file) ?? new Set();
    this.#mappings.set(mapping.file, mappings.add(mapping));
    return mapping;
  }

  /** Sends what was stored, and lets the handle go; with the last mapping of a file the kernel may forget its pages. */
  async unmap(mapping: OpenSlot, signal: CancelSignal): Promise<string> {
    const { file, handle } = mapping;
    const outcome = await this.send(file, signal);
    await handle.release();
    const mappings = this.#mappings.get(file);
    mappings?.delete(mapping);
    if (mappings?.size === 0) file.copies.clear();
    return outcome;
  }

  /** A program looks at bytes of its mapping. */
  async load(mapping: OpenSlot, position: number, length: number, signal: CancelSignal): Promise<string> {
    const { file } = mapping;
    let fetched = 0;
    for (let start = pageOf(position); start < position + length; start += copyPageBytes) {
      const copy = file.copies.get(start);
      if (copy !== undefined) this.#check(file, copy);
      else if (await this.#fetch(mapping, start, signal)) fetched += 1;
    }
    this.#world.requireNoComplaint();
    return fetched > 0 ? `fetched ${fetched}` : "kept";
  }

  /** A program stores to all bytes that a page of its mapping has. */
  async store(mapping: OpenSlot, position: number, signal: CancelSignal): Promise<string> {
    const { file } = mapping;
    const start = pageOf(position);
    if (!file.copies.has(start)) await this.#fetch(mapping, start, signal);
    const copy = file.copies.get(start);
    const id = file.newId();
    if (copy === undefined || id === 0) return copy === undefined ? "nothing there" : "no id left";
    file.copies.store(copy, id);
    this.#storers.set(copy, mapping);
    return `ok ${copy.bytes.length}`;
  }

  /** Sends the pages of a file that were stored to, those of a range before a direct transfer of it. */
  async send(
    file: ModelFile,
    signal: CancelSignal,
    from: number = 0,
    to: number = Number.POSITIVE_INFINITY,
  ): Promise<string> {
    let outcome = "ok";
    for (const copy of [...file.copies]) {
      if (copy.start >= to || copy.start + copyPageBytes <= from) continue;
      const mapping = this.#storers.get(copy);
      if (mapping !== undefined) outcome = await this.#sendPage(copy, mapping, signal);
    }
    return outcome;
  }

  async sendAll(signal: CancelSignal): Promise<void> {
    for (const file of this.#mappings.keys()) await this.send(file, signal);
  }

  /** What is kept of each file may be shown; when everything is settled it is what the server has. */
  check(file: ModelFile, isSettled: boolean): void {
    const isKnown = isSettled && file.removed === undefined;
    if (isKnown) file.copies.cut(file.size);
    for (const copy of file.copies) {
      this.#check(file, copy);
      const content = file.content.subarray(copy.start, copy.start + copy.bytes.length);
      if (!isKnown || Buffer.compare(content, copy.bytes) === 0) continue;
      this.#complain(file, copy, "is not what the server has, and nobody was told to drop it (G17)");
    }
  }

  #check(file: ModelFile, { start, bytes, storedId }: KeptCopy): void {
    if (storedId !== 0) return;
    const now = this.#world.now();
    const asked = { from: now, to: now, noticed: 0 };
    const complaint = complaintOfRead(file, start, bytes, bytes.length, bytes.length, asked);
    if (complaint !== undefined) this.#complain(file, { start }, `is kept and shown: ${complaint}`);
  }

  #complain(file: ModelFile, { start }: Pick<KeptCopy, "start">, what: string): void {
    this.#world.complain(`the copy of ${this.#world.nameOf(file)} at ${start} ${what}`);
  }

  /** Brings a page in; answers whether it was read. */
  async #fetch({ handle, file }: OpenSlot, start: number, signal: CancelSignal): Promise<boolean> {
    const world = this.#world;
    const from: Tick = world.now();
    const { dropCount } = file.copies;
    const bytes = new Uint8Array(copyPageBytes);
    const count = await handle.readAt(start, bytes, signal);
    const asked = { from, to: world.now(), noticed: 0 };
    const complaint = complaintOfRead(file, start, bytes, count, bytes.length, asked);
    if (complaint !== undefined) this.#complain(file, { start }, `is fetched: ${complaint}`);
    file.copies.keep(start, bytes.subarray(0, count), from, dropCount);
    return true;
  }

  /** A page as it is now, up to the end of the file, which a mapping does not move. */
  async #sendPage(copy: KeptCopy, { handle, file }: OpenSlot, signal: CancelSignal): Promise<string> {
    const world = this.#world;
    const { start, storedId } = copy;
    this.#storers.delete(copy);
    copy.storedId = 0;
    const size = (handle.node as VolumeNode).space?.size ?? 0;
    const bytes = Buffer.from(copy.bytes.subarray(0, Math.max(0, size - start)));
    if (bytes.length < copy.bytes.length) file.copies.forget(copy);
    if (bytes.length === 0) return "cut off";
    const change = file.begin("write", start, start + bytes.length, storedId, handle.credential.id, world.now());
    try {
      const count = await handle.writeAt(start, bytes, signal);
      file.end(change, world.now(), count);
      return "ok";
    } catch (thrown) {
      file.fail(change, world.now());
      return world.excused(thrown, "a page of a mapping");
    }
  }
}

function pageOf(position: number): number {
  return position - (position % copyPageBytes);
}
