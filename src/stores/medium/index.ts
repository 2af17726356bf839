/** The door of the medium room: a store for a medium that may be taken out of its drive and put back. */
export { directoryDrive, type Marked, markMedium } from "./directory-drive.ts";
export type { Drive, Inserted, KnownBy, MediumId } from "./medium.ts";
export { MediumStore } from "./medium-store.ts";
export { type MediumStoreOptions, mediumStore } from "./open-medium.ts";
