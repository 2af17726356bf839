/** Volumes over one memory server, for tests: several clients, several users, and a second way in behind the cache. */
import type { Clock } from "../../src/base/index.ts";
import { openVolume, type Volume, type VolumeOptions } from "../../src/files/index.ts";
import { type Credential, posixCredential, type Store, superuser } from "../../src/port/index.ts";
import {
  MemoryServer,
  type MemoryServerOptions,
  type MemoryStoreOptions,
  memoryStore,
} from "../../src/stores/memory/index.ts";
import { callAs } from "./cached-file.ts";

export const alice: Credential = posixCredential(1000, 1000);
export const bob: Credential = posixCredential(1001, 1001);

export interface MemoryVolume extends AsyncDisposable {
  readonly server: MemoryServer;
  readonly volume: Volume;
  /** Another client of the same server, without a cache. */
  readonly other: Store;
}

export interface MemoryVolumeOptions {
  readonly server?: MemoryServerOptions;
  readonly store?: MemoryStoreOptions;
  readonly volume?: VolumeOptions;
  readonly clock?: Clock;
  /** Puts something between the volume and its store. */
  readonly wrap?: (store: Store) => Store;
}

/** A volume over a new server whose root anybody may write to. */
export async function memoryVolume(options: MemoryVolumeOptions = {}): Promise<MemoryVolume> {
  const clock = options.clock === undefined ? {} : { clock: options.clock };
  const server = new MemoryServer({ rootMode: 0o777, ...clock, ...options.server });
  const wrap = options.wrap ?? ((store) => store);
  const volume = await openVolume(wrap(memoryStore(server, options.store)), {
    pageSize: 4096,
    budgetBytes: 256 * 4096,
    ...clock,
    ...options.volume,
  });
  return {
    server,
    volume,
    other: memoryStore(server),
    async [Symbol.asyncDispose]() {
      await volume.close().catch(() => undefined);
    },
  };
}

const asSuperuser = callAs(superuser);

/** The node id of a path at a store. */
export async function nodeAt(store: Store, path: string): Promise<string> {
  let { node } = await store.root(asSuperuser);
  for (const name of path.split("/").filter(Boolean)) node = (await store.lookup(node, name, asSuperuser)).node;
  return node;
}

/** What a store has at a path, past any cache. */
export async function contentAt(store: Store, path: string): Promise<string> {
  const node = await nodeAt(store, path);
  const { size } = await store.getAttributes(node, asSuperuser);
  const bytes = new Uint8Array(size);
  await store.read(node, 0, [bytes], asSuperuser);
  return new TextDecoder().decode(bytes);
}

/** Replaces what a store has at a path, past any cache. */
export async function rewriteAt(store: Store, path: string, content: string): Promise<void> {
  const node = await nodeAt(store, path);
  await store.setAttributes(node, { size: 0 }, asSuperuser);
  await store.write(node, 0, [new TextEncoder().encode(content)], undefined, asSuperuser);
}
