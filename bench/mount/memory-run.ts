/**
 * A file of 4 GiB is written through a mount with a cache of 256 MiB, made durable, and read back with O_DIRECT and
 * checked, so that every byte comes from the mount and not from the kernel's memory. The process's peak memory is read
 * before and after. What the process needs for itself (its code, compiled and not, and its heap) is learned first, from a
 * run of the same file through a cache of 16 MiB: it does not grow with the cache.
 */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { grouped, type Report } from "../report.ts";
import { holdfast } from "./contender.ts";
import { type FioJob, fio } from "./fio.ts";
import { projectRoot } from "./project-root.ts";

const mebi = 1024 * 1024;
const budgetMebi = 256;
const smallBudgetMebi = 16;
/** What a peak may differ by without meaning anything: blocks that the allocator keeps. */
const allowance = 1.05;

interface Memory {
  readonly now: number;
  readonly peak: number;
}

interface Passage {
  readonly start: Memory;
  readonly written: Memory;
  readonly end: Memory;
  readonly writeBytesPerSecond: number;
  readonly readBytesPerSecond: number;
}

async function memoryOf(processId: number): Promise<Memory> {
  const status = await readFile(`/proc/${processId}/status`, "utf8");
  const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
}

/** Writes a file through a mount with a cache of the given size, and reads it back. */
async function pass(store: string, cacheMebi: number, fileBytes: number): Promise<Passage> {
  const mounted = await holdfast(projectRoot, store, ["--cache-size", `${cacheMebi}M`]).mount();
  try {
    const start = await memoryOf(mounted.processId);
    const job = { file: `${mounted.directory}/large`, pieceBytes: mebi, fileBytes, moveBytes: fileBytes };
    const checks = ["--verify=crc32c", "--verify_state_save=0"];
    const write: FioJob = { ...job, rw: "write", sync: true, extra: [...checks, "--do_verify=0"] };
    const { bytesPerSecond: writeBytesPerSecond } = await fio(write);
    const written = await memoryOf(mounted.processId);
    const read: FioJob = { ...job, rw: "read", direct: true, extra: [...checks, "--verify_fatal=1"] };
    const { bytesPerSecond: readBytesPerSecond } = await fio(read);
    const end = await memoryOf(mounted.processId);
    return { start, written, end, writeBytesPerSecond, readBytesPerSecond };
  } finally {
    await mounted.end();
  }
}

export async function memoryRun(quick: boolean): Promise<Report> {
  const fileBytes = (quick ? 1024 : 4096) * mebi;
  const top = await mkdtemp(join(tmpdir(), "bench-memory-"));
  const store = join(top, "store");
  await mkdir(store);
  try {
    const small = await pass(store, smallBudgetMebi, fileBytes);
    const large = await pass(store, budgetMebi, fileBytes);
    return reportOf(small, large, fileBytes);
  } finally {
    await rm(top, { recursive: true, force: true });
  }
}

const size = (bytes: number): string => `${grouped(bytes / mebi)} MiB`;

function rowOf(what: string, memory: Memory, bytesPerSecond?: number): string[] {
  return [what, size(memory.now), size(memory.peak), bytesPerSecond === undefined ? "" : grouped(bytesPerSecond / 1e6)];
}

function reportOf(small: Passage, large: Passage, fileBytes: number): Report {
  const ownBytes = small.end.peak - smallBudgetMebi * mebi;
  const forCacheBytes = large.end.peak - ownBytes;
  return {
    tables: [
      {
        title: `A file of ${size(fileBytes)} through a cache of ${budgetMebi} MiB`,
        columns: ["", "resident", "peak so far", "MB/s"],
        rows: [
          rowOf(`cache of ${smallBudgetMebi} MiB: mounted`, small.start),
          rowOf(`cache of ${smallBudgetMebi} MiB: written and read back`, small.end),
          rowOf(`cache of ${budgetMebi} MiB: mounted`, large.start),
          rowOf(`cache of ${budgetMebi} MiB: written and fsynced`, large.written, large.writeBytesPerSecond),
          rowOf(`cache of ${budgetMebi} MiB: read back and checked`, large.end, large.readBytesPerSecond),
        ],
        notes: ["Resident memory of the process that serves (VmRSS), and the most it ever was (VmHWM)."],
      },
    ],
    targets: [
      {
        what: `peak memory while ${size(fileBytes)} are written and read back, less the process's own ${size(ownBytes)}`,
        wanted: `the cache of ${budgetMebi} MiB (${((allowance - 1) * 100).toFixed(0)} % for the allocator)`,
        measured: size(forCacheBytes),
        reached: forCacheBytes <= budgetMebi * mebi * allowance,
      },
    ],
  };
}
