/** One fio job on one file: what it is told, and what it says it moved. */
import { run } from "./run-program.ts";

export interface FioJob {
  readonly file: string;
  readonly rw: "read" | "write" | "randread" | "randwrite";
  readonly pieceBytes: number;
  /** How much of the file is used. */
  readonly fileBytes: number;
  /** How much is moved; less than the file for small pieces. */
  readonly moveBytes: number;
  /** O_DIRECT: every read reaches the server of the mount. */
  readonly direct?: boolean;
  /** The kernel forgets the file's pages on this mount first. */
  readonly forget?: boolean;
  /** The time runs until an fsync after the last write has returned. */
  readonly sync?: boolean;
  readonly extra?: readonly string[];
}

export interface FioResult {
  readonly bytesPerSecond: number;
  readonly operationsPerSecond: number;
}

interface FioSide {
  readonly io_bytes: number;
  readonly total_ios: number;
  readonly runtime: number;
}

export async function fio(job: FioJob): Promise<FioResult> {
  const out = await run([
    "fio",
    "--name=job",
    `--filename=${job.file}`,
    `--rw=${job.rw}`,
    `--bs=${job.pieceBytes}`,
    `--size=${job.fileBytes}`,
    `--io_size=${job.moveBytes}`,
    `--direct=${job.direct === true ? 1 : 0}`,
    `--end_fsync=${job.sync === true ? 1 : 0}`,
    "--ioengine=psync",
    `--invalidate=${job.forget === true ? 1 : 0}`,
    "--fallocate=none",
    "--overwrite=0",
    "--randseed=7",
    "--thread",
    "--output-format=json",
    ...(job.extra ?? []),
  ]);
  const parsed = JSON.parse(out.slice(out.indexOf("{"))) as { jobs: { read: FioSide; write: FioSide }[] };
  const side = parsed.jobs[0]?.[job.rw.endsWith("read") ? "read" : "write"];
  if (side === undefined || side.io_bytes < job.moveBytes) throw new Error(`fio moved less than it was told: ${out}`);
  const seconds = Math.max(1, side.runtime) / 1000;
  return { bytesPerSecond: side.io_bytes / seconds, operationsPerSecond: side.total_ios / seconds };
}
