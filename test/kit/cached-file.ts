/** One file of a memory server behind a page cache, for tests of the cache alone. */
import { cancelController, neverFires } from "../../src/base/index.ts";
import { type AddressSpace, type CacheOptions, PageCache, type WritebackFailure } from "../../src/cache/index.ts";
import {
  type Attributes,
  type Call,
  type Credential,
  type NodeId,
  type Store,
  superuser,
} from "../../src/port/index.ts";
import { MemoryServer, type MemoryStoreOptions, memoryStore } from "../../src/stores/memory/index.ts";

export interface CachedFile {
  readonly server: MemoryServer;
  /** The store without the cache, and without whatever `wrap` put around it. */
  readonly store: Store;
  readonly node: NodeId;
  readonly cache: PageCache;
  readonly space: AddressSpace;
  /** Failures that the space reported. */
  readonly failures: WritebackFailure[];
  /** Refusals whose bytes were rescued later. */
  readonly rescued: WritebackFailure[];
  /** The attributes that the space reported last. */
  latest: Attributes;
}

export function callAs(credential: Credential): Call {
  return { credential, signal: cancelController().signal };
}

export const asSuperuser: Call = { credential: superuser, signal: neverFires };

export async function cachedFile(
  options: Partial<CacheOptions> = {},
  wrap: (store: Store) => Store = (store) => store,
  storeOptions: MemoryStoreOptions = {},
): Promise<CachedFile> {
  const server = new MemoryServer();
  const store = memoryStore(server, storeOptions);
  const root = await store.root(asSuperuser);
  const entry = await store.createFile(root.node, "file", 0o666, asSuperuser);
  await store.hold(entry.node, { read: true, write: true, execute: false }, asSuperuser);
  const cache = new PageCache(wrap(store), { pageSize: 4096, budgetBytes: 64 * 4096, ...options });
  const failures: CachedFile["failures"] = [];
  const rescued: WritebackFailure[] = [];
  const file = { server, store, node: entry.node, cache, failures, rescued, latest: entry.attributes };
  const space = cache.createSpace(entry.node, entry.attributes, {
    attributesChanged: (attributes) => {
      file.latest = attributes;
    },
    writebackFailed: (failed) => failures.push(failed),
    rescued: (told) => rescued.push(told),
    path: () => "/file",
  });
  return Object.assign(file, { space });
}

/** What the server has, without the cache. */
export async function bytesAtStore(file: CachedFile): Promise<Uint8Array> {
  const { size } = await file.store.getAttributes(file.node, asSuperuser);
  const bytes = new Uint8Array(size);
  let done = 0;
  while (done < size) {
    const { byteCount } = await file.store.read(file.node, done, [bytes.subarray(done)], asSuperuser);
    if (byteCount === 0) break;
    done += byteCount;
  }
  return bytes;
}
