/** Attributes in the shape of node:fs' Stats and BigIntStats. */
import type { Attributes, NodeKind } from "../../port/index.ts";

const typeBits: Readonly<Record<NodeKind, number>> = {
  fifo: 0o010000,
  characterDevice: 0o020000,
  directory: 0o040000,
  blockDevice: 0o060000,
  file: 0o100000,
  symbolicLink: 0o120000,
  socket: 0o140000,
};
const blockSize = 4096;
const nanosecondsPerMillisecond = 1_000_000n;

/** The questions that Stats and Dirent answer alike. */
export class KindQuestions {
  readonly #kind: NodeKind;

  constructor(kind: NodeKind) {
    this.#kind = kind;
  }

  isFile(): boolean {
    return this.#kind === "file";
  }

  isDirectory(): boolean {
    return this.#kind === "directory";
  }

  isSymbolicLink(): boolean {
    return this.#kind === "symbolicLink";
  }

  isFIFO(): boolean {
    return this.#kind === "fifo";
  }

  isSocket(): boolean {
    return this.#kind === "socket";
  }

  isBlockDevice(): boolean {
    return this.#kind === "blockDevice";
  }

  isCharacterDevice(): boolean {
    return this.#kind === "characterDevice";
  }
}

/** What stat answers; all numbers are doubles, times in milliseconds. */
export class Stats extends KindQuestions {
  readonly dev: number = 0;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly blksize: number = blockSize;
  readonly ino: number;
  readonly size: number;
  readonly blocks: number;
  readonly atimeMs: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly birthtimeMs: number;
  readonly atime: Date;
  readonly mtime: Date;
  readonly ctime: Date;
  readonly birthtime: Date;

  constructor(attributes: Attributes) {
    super(attributes.kind);
    this.mode = attributes.mode | typeBits[attributes.kind];
    this.nlink = attributes.linkCount;
    this.uid = attributes.uid;
    this.gid = attributes.gid;
    this.rdev = attributes.device;
    this.ino = Number(attributes.inode);
    this.size = attributes.size;
    this.blocks = attributes.blocks;
    this.atimeMs = milliseconds(attributes.accessTimeNs);
    this.mtimeMs = milliseconds(attributes.modifyTimeNs);
    this.ctimeMs = milliseconds(attributes.changeTimeNs);
    this.birthtimeMs = milliseconds(attributes.birthTimeNs);
    this.atime = dateOf(this.atimeMs);
    this.mtime = dateOf(this.mtimeMs);
    this.ctime = dateOf(this.ctimeMs);
    this.birthtime = dateOf(this.birthtimeMs);
  }
}

/** What stat answers with `{ bigint: true }`; times also in nanoseconds. */
export class BigIntStats extends KindQuestions {
  readonly dev: bigint = 0n;
  readonly mode: bigint;
  readonly nlink: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly rdev: bigint;
  readonly blksize: bigint = BigInt(blockSize);
  readonly ino: bigint;
  readonly size: bigint;
  readonly blocks: bigint;
  readonly atimeMs: bigint;
  readonly mtimeMs: bigint;
  readonly ctimeMs: bigint;
  readonly birthtimeMs: bigint;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly birthtimeNs: bigint;
  readonly atime: Date;
  readonly mtime: Date;
  readonly ctime: Date;
  readonly birthtime: Date;

  constructor(attributes: Attributes) {
    super(attributes.kind);
    this.mode = BigInt(attributes.mode | typeBits[attributes.kind]);
    this.nlink = BigInt(attributes.linkCount);
    this.uid = BigInt(attributes.uid);
    this.gid = BigInt(attributes.gid);
    this.rdev = BigInt(attributes.device);
    this.ino = attributes.inode;
    this.size = BigInt(attributes.size);
    this.blocks = BigInt(attributes.blocks);
    this.atimeNs = attributes.accessTimeNs;
    this.mtimeNs = attributes.modifyTimeNs;
    this.ctimeNs = attributes.changeTimeNs;
    this.birthtimeNs = attributes.birthTimeNs;
    this.atimeMs = this.atimeNs / nanosecondsPerMillisecond;
    this.mtimeMs = this.mtimeNs / nanosecondsPerMillisecond;
    this.ctimeMs = this.ctimeNs / nanosecondsPerMillisecond;
    this.birthtimeMs = this.birthtimeNs / nanosecondsPerMillisecond;
    this.atime = dateOf(Number(this.atimeMs));
    this.mtime = dateOf(Number(this.mtimeMs));
    this.ctime = dateOf(Number(this.ctimeMs));
    this.birthtime = dateOf(Number(this.birthtimeMs));
  }
}

export function statsOf(attributes: Attributes, bigint: true): BigIntStats;
export function statsOf(attributes: Attributes, bigint: false): Stats;
export function statsOf(attributes: Attributes, bigint: boolean): Stats | BigIntStats;
export function statsOf(attributes: Attributes, bigint: boolean): Stats | BigIntStats {
  return bigint ? new BigIntStats(attributes) : new Stats(attributes);
}

function milliseconds(timeNs: bigint): number {
  const whole = timeNs / nanosecondsPerMillisecond;
  return Number(whole) + Number(timeNs - whole * nanosecondsPerMillisecond) / 1e6;
}

function dateOf(timeMs: number): Date {
  return new Date(Math.round(timeMs));
}
