/**
 * Reads and writes through mounts, in order and at random, in pieces of 4 KiB, 128 KiB and 1 MiB. *First* is the first
 * read of a fresh mount; the files behind it are in the kernel's memory for every contender. *Warm* is the same job again:
 * the kernel may answer it by itself. *Direct* is the same job once more with O_DIRECT, so that every request reaches the
 * server. Writes are timed twice: until the last call returned, and until an fsync returned. *Cold* is a read of a file
 * that the mount has not seen, while the server has been in use for a while: as much as fits into its cache was read.
 */
import { median } from "../measure.ts";
import { grouped, percent, progress, type Table } from "../report.ts";
import type { Contender } from "./contender.ts";
import { type FioJob, fio } from "./fio.ts";

const mebi = 1024 * 1024;

export interface Shape {
  readonly order: "sequential" | "random";
  readonly pieceBytes: number;
  readonly moveBytes: number;
}

export const phases = ["first read", "warm read", "direct read", "write", "write, fsync", "cold read"] as const;
export type Phase = (typeof phases)[number];

/** Bytes a second, by phase, shape and contender, one for each round. */
export class Transfers {
  readonly #rates = new Map<string, number[]>();

  add(phase: Phase, shape: Shape, contender: string, bytesPerSecond: number): void {
    const key = keyOf(phase, shape, contender);
    this.#rates.set(key, [...(this.#rates.get(key) ?? []), bytesPerSecond]);
  }

  rounds(phase: Phase, shape: Shape, contender: string): readonly number[] {
    return this.#rates.get(keyOf(phase, shape, contender)) ?? [];
  }

  median(phase: Phase, shape: Shape, contender: string): number {
    return median(this.rounds(phase, shape, contender));
  }

  /** The median over the rounds of one contender's speed with another's as 1. */
  ratio(phase: Phase, shape: Shape, contender: string, yardstick: string): number {
    const others = this.rounds(phase, shape, yardstick);
    return median(this.rounds(phase, shape, contender).map((rate, round) => rate / (others[round] as number)));
  }
}

function keyOf(phase: Phase, { order, pieceBytes }: Shape, contender: string): string {
  return `${phase}/${order}/${pieceBytes}/${contender}`;
}

export function shapesOf(quick: boolean): Shape[] {
  const share = quick ? 0.25 : 0.5;
  return [
    { order: "sequential", pieceBytes: 4096, moveBytes: 64 * mebi * share },
    { order: "sequential", pieceBytes: 128 * 1024, moveBytes: 256 * mebi * share },
    { order: "sequential", pieceBytes: mebi, moveBytes: 256 * mebi * share },
    { order: "random", pieceBytes: 4096, moveBytes: 32 * mebi * share },
    { order: "random", pieceBytes: 128 * 1024, moveBytes: 128 * mebi * share },
    { order: "random", pieceBytes: mebi, moveBytes: 256 * mebi * share },
  ];
}

/** Bytes of the files `file` and `unseen` that all contenders serve. */
export const fileBytes: number = 256 * mebi;
/** Bytes of the file `other`, as much as the cache under test holds. */
export const otherBytes: number = 512 * mebi;

export async function transfer(
  contenders: readonly Contender[],
  shapes: readonly Shape[],
  roundCount: number,
): Promise<Transfers> {
  const transfers = new Transfers();
  for (const shape of shapes) {
    for (let round = 0; round < roundCount; round++) {
      progress(`${nameOf(shape)}, round ${round + 1} of ${roundCount}`);
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = contenders[(turn + round) % contenders.length] as Contender;
        await readAndWrite(contender, shape, transfers);
      }
    }
  }
  return transfers;
}

async function readAndWrite(contender: Contender, shape: Shape, transfers: Transfers): Promise<void> {
  const { pieceBytes, moveBytes } = shape;
  const prefix = shape.order === "sequential" ? "" : "rand";
  const mounted = await contender.mount();
  try {
    const job = { file: `${mounted.directory}/file`, pieceBytes, fileBytes, moveBytes };
    const read: FioJob = { ...job, rw: `${prefix}read` as "read" };
    const write: FioJob = { ...job, rw: `${prefix}write` as "write" };
    const jobs: readonly (readonly [Phase, FioJob])[] = [
      ["first read", read],
      ["warm read", read],
      ["direct read", { ...read, direct: true }],
      ["write", write],
      ["write, fsync", { ...write, sync: true }],
    ];
    for (const [phase, each] of jobs) {
      const { bytesPerSecond } = await fio(each);
      transfers.add(phase, shape, contender.name, bytesPerSecond);
    }
    const other = {
      file: `${mounted.directory}/other`,
      fileBytes: otherBytes,
      moveBytes: otherBytes,
      pieceBytes: mebi,
    };
    await fio({ ...other, rw: "read", direct: true });
    const { bytesPerSecond } = await fio({ ...read, file: `${mounted.directory}/unseen`, forget: true });
    transfers.add("cold read", shape, contender.name, bytesPerSecond);
  } finally {
    await mounted.end();
  }
}

export function nameOf({ order, pieceBytes }: Shape): string {
  return `${order}, ${pieceBytes >= mebi ? `${pieceBytes / mebi} MiB` : `${pieceBytes / 1024} KiB`}`;
}

/** One table a phase: MB/s of each contender, and the first one's ratio to each of the others. */
export function transferTables(
  transfers: Transfers,
  shapes: readonly Shape[],
  contenders: readonly Contender[],
): Table[] {
  const names = contenders.map(({ name }) => name);
  const [first, ...others] = names as [string, ...string[]];
  return phases.map((phase) => ({
    title: `Mount: ${phase}, MB/s`,
    columns: ["", ...names, ...others.map((other) => `${first} of ${other}`)],
    rows: shapes.map((shape) => [
      nameOf(shape),
      ...names.map((name) => grouped(transfers.median(phase, shape, name) / 1e6)),
      ...others.map((other) => percent(transfers.ratio(phase, shape, first, other))),
    ]),
  }));
}
