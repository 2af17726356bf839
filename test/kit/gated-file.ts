/** A cached file whose store has gates and whose clock stands still: every interleaving is the test's to choose. */
import { neverFires } from "../../src/base/index.ts";
import { type AddressSpace, type CacheOptions, FrameRun } from "../../src/cache/index.ts";
import { type Call, posixCredential } from "../../src/port/index.ts";
import type { MemoryStoreOptions } from "../../src/stores/memory/index.ts";
import { asSuperuser, type CachedFile, cachedFile } from "./cached-file.ts";
import { type GatedOperation, GatedStore } from "./gated-store.ts";
import { VirtualClock } from "./virtual-clock.ts";

export const pageSize = 4096;
/** Two users who may both write: other ids, the same rights. */
export const alice: Call = { credential: posixCredential(0, 0, [1]), signal: neverFires };
export const bob: Call = { credential: posixCredential(0, 0, [2]), signal: neverFires };

export interface GatedFile extends CachedFile {
  readonly gates: GatedStore;
  readonly clock: VirtualClock;
}

/** An empty file behind a cache of 16 pages of 4 KiB, or as the options say. */
export async function gatedFile(
  options: Partial<CacheOptions> = {},
  storeOptions: MemoryStoreOptions = {},
): Promise<GatedFile> {
  const clock = new VirtualClock();
  let gates: GatedStore | undefined;
  const file = await cachedFile(
    { pageSize, budgetBytes: 16 * pageSize, clock, ...options },
    (store) => {
      gates = new GatedStore(store);
      return gates.store;
    },
    storeOptions,
  );
  return Object.assign(file, { gates: gates as GatedStore, clock });
}

/** A file with these bytes at the store, of which nothing is cached. */
export async function storedFile(
  bytes: Uint8Array,
  options: Partial<CacheOptions> = {},
  storeOptions: MemoryStoreOptions = {},
): Promise<GatedFile> {
  const file = await gatedFile(options, storeOptions);
  await file.clock.during(file.space.write(0, bytes, asSuperuser));
  await file.clock.during(file.space.sync(asSuperuser));
  await file.space.invalidate(0, Number.POSITIVE_INFINITY, asSuperuser);
  file.gates.operations.length = 0;
  poisonFrames(file);
  return file;
}

/** Writes these bytes at the file's start and sends them; the store holds that up until the test lets it pass. */
export async function sendHeld(
  file: GatedFile,
  bytes: Uint8Array,
  call: Call,
): Promise<{ readonly flight: GatedOperation; readonly syncing: Promise<void> }> {
  await file.space.write(0, bytes, call);
  file.gates.close("write");
  const syncing = file.space.sync(call);
  return { flight: await file.gates.arrived("write", 1), syncing };
}

/** A file of one page that is in flight and being filled, from the same frame and into it. */
export async function sentWhileFilled(
  fill: (space: AddressSpace) => unknown = (space) => readBack(space, 0, pageSize),
): Promise<{
  readonly file: GatedFile;
  readonly write: GatedOperation;
  readonly read: GatedOperation;
  readonly syncing: Promise<void>;
  readonly reading: Promise<unknown>;
}> {
  const file = await storedFile(bytesOf(pageSize, 7), { readaheadBytesMax: 0 });
  file.gates.close("read");
  const { flight: write, syncing } = await sendHeld(file, bytesOf(100, 8), asSuperuser);
  const reading = Promise.resolve(fill(file.space));
  return { file, write, read: await file.gates.arrived("read", 1), syncing, reading };
}

/** Another file of the same server and the same cache. */
export async function anotherSpace(file: CachedFile, name: string): Promise<AddressSpace> {
  const root = await file.store.root(asSuperuser);
  const entry = await file.store.createFile(root.node, name, 0o666, asSuperuser);
  await file.store.hold(entry.node, { read: true, write: true, execute: false }, asSuperuser);
  return file.cache.createSpace(entry.node, entry.attributes, {
    attributesChanged: () => undefined,
    writebackFailed: () => undefined,
  });
}

/** Fills every free frame with rubbish, so that a byte which was never brought in cannot look right by chance. */
export function poisonFrames(file: CachedFile): void {
  const frames: Uint8Array[] = [];
  for (let frame = file.cache.pool.tryTake(); frame !== undefined; frame = file.cache.pool.tryTake())
    frames.push(frame);
  for (const frame of frames) file.cache.pool.give(frame.fill(0xdd));
}

/** How often keepers of copies were told from now on that others changed the file. */
export function tellingsOf(space: AddressSpace): { readonly count: number } {
  const tellings = { count: 0 };
  space.observer.changedElsewhere = () => {
    tellings.count += 1;
  };
  return tellings;
}

/** `count` bytes of one value. */
export function bytesOf(count: number, value: number): Uint8Array {
  return new Uint8Array(count).fill(value);
}

/** Reads without read-ahead; all of the bytes are there. */
export async function readBack(
  space: AddressSpace,
  position: number,
  count: number,
  call: Call = asSuperuser,
): Promise<Uint8Array> {
  const target = new Uint8Array(count);
  const done = await space.read(position, target, space.newReadahead(), call);
  return target.subarray(0, done);
}

/** A run of views of the file's frames, which the caller releases. */
export async function framesOf(space: AddressSpace, position: number, count: number): Promise<FrameRun> {
  const run = new FrameRun();
  await space.readFrames(position, count, space.newReadahead(), run, asSuperuser);
  return run;
}
