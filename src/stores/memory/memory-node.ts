/** A node of the memory server: what an inode is to a file system. The server alone makes and drops nodes. */
import { encodeFileName } from "../../base/index.ts";
import type { Attributes, NodeId, NodeKind } from "../../port/index.ts";
import type { SparseContent } from "./sparse-content.ts";

/** The right of one credential of one client to a file's content, and the pin that keeps the node alive. */
export interface MemoryHold {
  readonly client: object;
  readonly credentialId: string;
  readers: number;
  writers: number;
  /** Each set when another client changed mode, owner or group: then the mode bits decide, until that right is asked for anew. */
  readEnded: boolean;
  writeEnded: boolean;
}

export interface MemoryNode {
  readonly id: NodeId;
  readonly inode: bigint;
  readonly kind: NodeKind;
  readonly device: number;
  readonly birthTimeNs: bigint;
  mode: number;
  uid: number;
  gid: number;
  linkCount: number;
  accessTimeNs: bigint;
  modifyTimeNs: bigint;
  changeTimeNs: bigint;
  /** Counts changes of the content. */
  contentVersion: number;
  /** Of regular files. */
  readonly content: { bytes: SparseContent; durable: SparseContent | undefined } | undefined;
  /** Of directories: the names in them, and the directory they are in. */
  readonly entries: Map<string, MemoryNode> | undefined;
  parent: MemoryNode | undefined;
  /** Of symbolic links. */
  readonly target: string | undefined;
  readonly extendedAttributes: Map<string, Uint8Array>;
  readonly holds: Set<MemoryHold>;
  /** Who made the file and has not held it yet: that one hold is granted whatever the mode says. */
  maker: { readonly client: object; readonly credentialId: string } | undefined;
}

/** What stat(2) says of the node. A value: later changes do not show in it. */
export function attributesOf(node: MemoryNode): Attributes {
  const bytes = node.content?.bytes;
  return {
    kind: node.kind,
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    linkCount: node.linkCount,
    size: bytes?.size ?? sizeOfOther(node),
    blocks: Math.ceil((bytes?.storedBytes ?? 0) / 512),
    device: node.device,
    inode: node.inode,
    accessTimeNs: node.accessTimeNs,
    modifyTimeNs: node.modifyTimeNs,
    changeTimeNs: node.changeTimeNs,
    birthTimeNs: node.birthTimeNs,
    version: versionOf(node),
  };
}

/** The version of the node's content. */
export function versionOf(node: MemoryNode): string {
  return `${node.contentVersion}`;
}

function sizeOfOther(node: MemoryNode): number {
  if (node.target !== undefined) return encodeFileName(node.target).length;
  return node.entries === undefined ? 0 : 4096;
}
