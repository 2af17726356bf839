/**
 * Reads and writes through mounts, in order and at random, in pieces of 4 KiB, 128 KiB and 1 MiB. The files behind the mounts
 * are in the kernel's memory for every contender. The *first moments* are some thousand requests to a fresh mount, over within
 * a tenth of a second or two. All other reads go on for a second or more: *first read*, also of a fresh mount; *warm*, the same
 * job again, which the kernel may answer by itself; *direct*, with O_DIRECT of what the server has cached, so that every request
 * reaches it; *cold*, of a file that the mount has not seen, while the server has been in use for a while: as much as fits into
 * its cache was read. Writes are timed twice: until the last call returned, and until an fsync returned.
 */
import { median } from "../measure.ts";
import { grouped, percent, progress, type Table } from "../report.ts";
import type { Contender } from "./contender.ts";
import { type FioJob, fio } from "./fio.ts";

const mebi = 1024 * 1024;

export interface Shape {
  readonly order: "sequential" | "random";
  readonly pieceBytes: number;
  /** How much is moved in the first moments, and by writes. */
  readonly shortBytes: number;
  /** How much all other reads move. */
  readonly longBytes: number;
}

export const phases = [
  "first moments",
  "first read",
  "warm read",
  "direct read",
  "write",
  "write, fsync",
  "cold read",
] as const;
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
  const short = quick ? 0.5 : 1;
  const long = quick ? 0.25 : 1;
  const shape = (order: Shape["order"], pieceBytes: number, shortMebi: number, longMebi: number): Shape => {
    return { order, pieceBytes, shortBytes: shortMebi * mebi * short, longBytes: longMebi * mebi * long };
  };
  return [
    shape("sequential", 4096, 32, 1024),
    shape("sequential", 128 * 1024, 128, 2048),
    shape("sequential", mebi, 128, 2048),
    shape("random", 4096, 16, 256),
    shape("random", 128 * 1024, 64, 2048),
    shape("random", mebi, 128, 2048),
  ];
}

/** Bytes of the files `file` and `unseen` that all contenders serve. */
export const fileBytes: number = 2048 * mebi;
/** Bytes of the file `other`, as much as the cache under test holds. */
export const otherBytes: number = 512 * mebi;
/** The part of a file that fits into the cache under test; writes and direct reads keep to it. */
const cachedBytes = 256 * mebi;

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
  const { pieceBytes, shortBytes, longBytes } = shape;
  const prefix = shape.order === "sequential" ? "" : "rand";
  const time = async (phase: Phase, job: FioJob): Promise<void> => {
    const { bytesPerSecond } = await fio(job);
    transfers.add(phase, shape, contender.name, bytesPerSecond);
    progress(`  ${contender.name}, ${phase}: ${grouped(bytesPerSecond / 1e6)} MB/s`);
  };
  const jobsAt = (directory: string) => {
    const job = { file: `${directory}/file`, pieceBytes };
    const read: FioJob = { ...job, rw: `${prefix}read` as "read", fileBytes, moveBytes: longBytes };
    const write: FioJob = {
      ...job,
      rw: `${prefix}write` as "write",
      fileBytes: cachedBytes,
      moveBytes: shortBytes,
    };
    return { read, write };
  };
  await whileMounted(contender, async (directory) => {
    await time("first moments", { ...jobsAt(directory).read, moveBytes: shortBytes });
  });
  await whileMounted(contender, async (directory) => {
    const { read, write } = jobsAt(directory);
    await time("first read", read);
    await time("warm read", read);
    await readWhole(read.file, cachedBytes);
    await time("direct read", { ...read, fileBytes: cachedBytes, direct: true });
    await time("write", write);
    await time("write, fsync", { ...write, sync: true });
    await readWhole(`${directory}/other`, otherBytes);
    await time("cold read", { ...read, file: `${directory}/unseen`, forget: true });
  });
}

async function whileMounted(contender: Contender, use: (directory: string) => Promise<void>): Promise<void> {
  const mounted = await contender.mount();
  try {
    await use(mounted.directory);
  } finally {
    await mounted.end();
  }
}

/** Brings the beginning of a file into the server's cache. */
async function readWhole(file: string, byteCount: number): Promise<void> {
  await fio({ file, rw: "read", pieceBytes: mebi, fileBytes: byteCount, moveBytes: byteCount, direct: true });
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
