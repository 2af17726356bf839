/**
 * What the directory store knows of a node: its identity, where it was last seen, who holds it, and its open descriptors.
 *
 * I1 `places` has no two equal places and at most `placesMax`; the last one is the one seen last.
 * I2 `childCount` is the number of places of other nodes whose parent this node is.
 * I3 A held regular file has a descriptor that serves its holds.
 */
import type { NodeId, NodeKind, Version } from "../../port/index.ts";
import type { KnownStatus } from "../../system/index.ts";

/** A name in a directory; the bytes end with a NUL. */
export interface Place {
  readonly parent: DirectoryNode;
  readonly name: Uint8Array;
}

/** The right of one credential to a file's content. */
export interface DirectoryHold {
  readers: number;
  writers: number;
  /** Each set when somebody else changed mode, owner or group: then those decide, until that right is asked for anew. */
  readEnded: boolean;
  writeEnded: boolean;
}

export const placesMax = 8;

export class DirectoryNode {
  /** The root's id stays although its directory may be another one after it was gone. */
  readonly id: NodeId;
  readonly kind: NodeKind;
  readonly inode: bigint;
  /** What `identityOf` says of the node; changes for the root only. */
  identity: string;

  readonly places: Place[] = [];
  childCount = 0;
  isRecentlyUsed = false;
  /** How often the node was given a name, and how many of these are durable: their directories were synchronized, and those above. */
  nameCount = 0;
  durableNameCount = 0;
  /** Its last name was removed through this store: then who holds it may go on writing to it, as on a local file system. */
  isUnlinkedHere = false;

  /** By credential id. */
  readonly holds: Map<string, DirectoryHold> = new Map();
  holdCount = 0;
  writerCount = 0;
  /** Mode, owner and group as the holds were granted under; undefined while nothing holds the node. */
  grantedUnder: string | undefined;
  /** The credential that made the file and has not held it yet; and mode, owner and group as it made it. */
  maker: { readonly credentialId: string; readonly grant: string } | undefined;

  /** A descriptor that reads (of a directory or other node: one that only names it), and one that writes. */
  reader: number | undefined;
  writer: number | undefined;
  writerReads = false;
  /** The status that the last read met, and its version: most reads meet the same again. */
  lastRead: { readonly known: KnownStatus; readonly version: Version } | undefined;
  /** Operations that use a descriptor right now; it is closed when the last one ends. */
  userCount = 0;

  /** Versions that only differ from `versionNow` by our own changes of time stamps: their bytes are the same. */
  readonly versionsBefore: Set<Version> = new Set();
  versionNow: Version | undefined;

  constructor(id: NodeId, identity: string, kind: NodeKind, inode: bigint) {
    this.id = id;
    this.identity = identity;
    this.kind = kind;
    this.inode = inode;
  }
}
