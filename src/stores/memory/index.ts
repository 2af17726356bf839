/** The door of the memory store: a server whose files live in memory, and clients of it. */
export { type KeyedCredential, MemoryKeys } from "./memory-keys.ts";
export { MemoryServer, type MemoryServerOptions } from "./memory-server.ts";
export { type MemoryStoreOptions, memoryStore } from "./memory-store.ts";
