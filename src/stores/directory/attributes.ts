/** What statx(2) says, in the port's words; and what identifies a node and the version of its content. */
import type { Attributes, NodeId, NodeKind, Version } from "../../port/index.ts";
import type { FileStatus } from "../../system/index.ts";

const typeMask = 0o170000;
const kindByType: ReadonlyMap<number, NodeKind> = new Map<number, NodeKind>([
  [0o100000, "file"],
  [0o040000, "directory"],
  [0o120000, "symbolicLink"],
  [0o010000, "fifo"],
  [0o140000, "socket"],
  [0o020000, "characterDevice"],
  [0o060000, "blockDevice"],
]);
const typeByKind: ReadonlyMap<NodeKind, number> = new Map(Array.from(kindByType, ([type, kind]) => [kind, type]));

export function kindOf(status: FileStatus): NodeKind {
  return kindByType.get(status.mode & typeMask) ?? "file";
}

/** The S_IFMT bits of a kind. */
export function typeBitsOf(kind: NodeKind): number {
  return typeByKind.get(kind) ?? 0;
}

/** The kind of a directory entry's DT_ number; undefined when the file system does not say. */
export function kindOfEntryType(type: number): NodeKind | undefined {
  return kindByType.get(type << 12);
}

/**
 * What a node is as long as it is mounted: device, inode number and time of birth, since inode numbers are given again. Where no
 * birth is told, a node of another kind is another one at least.
 */
export function identityOf(status: FileStatus): string {
  return `${status.device.toString(36)}.${birthOf(status)}`;
}

/**
 * A node's lasting name, which rescue entries know it by: without the root's device, whose number may be another one when it is
 * mounted again. Where no birth is told, an inode number alone would be the name of too many.
 */
export function nodeIdOf(status: FileStatus, rootDevice: number | undefined): NodeId {
  const isLasting = status.device === rootDevice && status.birthTimeNs !== 0n;
  return isLasting ? birthOf(status) : identityOf(status);
}

function birthOf({ inode, birthTimeNs, mode }: FileStatus): string {
  const born = birthTimeNs === 0n ? `-${(mode & typeMask).toString(36)}` : birthTimeNs.toString(36);
  return `${inode.toString(36)}.${born}`;
}

/**
 * Size and time of the last change of the content; the time of a change of attributes (ctime) is no part of it. As fine as
 * the file system's time stamps: since Linux 6.13 every change after a look at them gets one of its own.
 */
export function versionOf(status: FileStatus): Version {
  return `${status.size}.${status.modifyTimeNs}`;
}

export function attributesOf(status: FileStatus): Attributes {
  return {
    kind: kindOf(status),
    mode: status.mode & 0o7777,
    uid: status.uid,
    gid: status.gid,
    linkCount: status.linkCount,
    size: status.size,
    blocks: status.blocks,
    device: status.specialDevice,
    inode: status.inode,
    accessTimeNs: status.accessTimeNs,
    modifyTimeNs: status.modifyTimeNs,
    changeTimeNs: status.changeTimeNs,
    birthTimeNs: status.birthTimeNs,
    version: versionOf(status),
  };
}
