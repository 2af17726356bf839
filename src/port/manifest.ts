/** What a store promises. The cache and the contract suite read promises here and nowhere else. */
import type { ByteCount } from "../base/index.ts";

export interface StoreManifest {
  /** The scheme of the store, for messages: "memory", "dir". */
  readonly name: string;
  /** The most bytes one read may ask for. */
  readonly readBytesMax: ByteCount;
  /** The most bytes one write may carry. */
  readonly writeBytesMax: ByteCount;
  /** The longest file name, in bytes. */
  readonly nameBytesMax: ByteCount;
  /** Whether an answered write survives a crash of the server by itself ("stable") or only after `commit` ("volatile"). */
  readonly durability: "stable" | "volatile";
  /** Whether `write` refuses with a `VersionConflict` when the file is no longer at the expected version. */
  readonly conditionalWrites: boolean;
  /** How many writes to one file may be under way at once; 1 where versions must follow each other. */
  readonly parallelWrites: number;
  /** Whether `watch` reports what other clients change. */
  readonly reportsChanges: boolean;
  readonly hardLinks: boolean;
  readonly symbolicLinks: boolean;
  readonly specialNodes: boolean;
  readonly extendedAttributes: boolean;
  /** Whether files have holes: `punchHole` frees storage and `seek` finds data. */
  readonly holes: boolean;
}
