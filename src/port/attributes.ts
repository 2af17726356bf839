/** What a store says of a node, in the terms of stat(2). */
import type { ByteCount } from "../base/index.ts";

/** The kinds of nodes, after S_IFMT. */
export type NodeKind = "file" | "directory" | "symbolicLink" | "fifo" | "socket" | "characterDevice" | "blockDevice";

/** Changes whenever the content of a file changes; equal versions mean equal bytes. Opaque: compare with === only. */
export type Version = string;

export interface Attributes {
  readonly kind: NodeKind;
  /** Permission bits, set-id and sticky bits: mode & 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkCount: number;
  readonly size: ByteCount;
  /** Storage used, in units of 512 bytes. */
  readonly blocks: number;
  /** For device nodes, as makedev(3) packs it. */
  readonly device: number;
  /** The number that programs see as st_ino. */
  readonly inode: bigint;
  readonly accessTimeNs: bigint;
  readonly modifyTimeNs: bigint;
  readonly changeTimeNs: bigint;
  readonly birthTimeNs: bigint;
  readonly version: Version;
}

/** What a change of a node answers: the attributes after it. */
export interface ChangedAttributes extends Attributes {
  /**
   * The version just before the change: another one than the caller knows tells of somebody else's change. A store that cannot
   * tell it in one step with the change asks as shortly before as it can.
   */
  readonly previous: Version;
}

/** A time to set: a value, or the server's clock. */
export type TimeChange = bigint | "now";

/** What setattr may change; a field left out stays. */
export interface AttributeChanges {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: ByteCount;
  readonly accessTimeNs?: TimeChange;
  readonly modifyTimeNs?: TimeChange;
  /** Clears set-user-id, set-group-id as write(2), truncate(2) and chown(2) of an ordinary user do. */
  readonly killSetId?: boolean;
}

/** What statfs(2) says. Counts are in blocks of `blockSize` bytes. */
export interface FileSystemStatistics {
  readonly blockSize: ByteCount;
  readonly blocks: number;
  readonly blocksFree: number;
  readonly blocksAvailable: number;
  readonly nodes: number;
  readonly nodesFree: number;
  readonly nameBytesMax: number;
}
