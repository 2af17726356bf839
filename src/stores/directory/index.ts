/** The door of the directory store: a server over a local directory. */
export { type DirectoryStoreOptions, directoryStore } from "./directory-store.ts";
