/**
 * A file of 4 GiB is written through a mount with a cache of 256 MiB, made durable, and read back with O_DIRECT and
 * checked, so that every byte comes from the mount and not from the kernel's memory. The process's peak memory is read
 * before and after.
 */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { grouped, type Report } from "../report.ts";
import { holdfast } from "./contender.ts";
import { type FioJob, fio } from "./fio.ts";
import { projectRoot } from "./project-root.ts";

const mebi = 1024 * 1024;
const budgetBytes = 256 * mebi;

async function memoryOf(processId: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${processId}/status`, "utf8");
  const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
}

export async function memoryRun(quick: boolean): Promise<Report> {
  const fileBytes = (quick ? 1024 : 4096) * mebi;
  const top = await mkdtemp(join(tmpdir(), "bench-memory-"));
  const store = join(top, "store");
  await mkdir(store);
  try {
    const mounted = await holdfast(projectRoot, store, ["--cache-size", "256M"]).mount();
    try {
      const start = await memoryOf(mounted.processId);
      const job = { file: `${mounted.directory}/large`, pieceBytes: mebi, fileBytes, moveBytes: fileBytes };
      const check = "--verify=crc32c";
      const write: FioJob = { ...job, rw: "write", sync: true, extra: [check, "--do_verify=0"] };
      const written = await fio(write);
      const afterWrite = await memoryOf(mounted.processId);
      const readBack = await fio({ ...job, rw: "read", direct: true, extra: [check, "--verify_fatal=1"] });
      const end = await memoryOf(mounted.processId);
      const growth = end.peak - start.now;
      const size = (bytes: number): string => `${grouped(bytes / mebi)} MiB`;
      return {
        tables: [
          {
            title: `A file of ${grouped(fileBytes / mebi)} MiB through a cache of ${grouped(budgetBytes / mebi)} MiB`,
            columns: ["", "resident", "peak so far", "MB/s"],
            rows: [
              ["mounted", size(start.now), size(start.peak), ""],
              [
                "written and fsynced",
                size(afterWrite.now),
                size(afterWrite.peak),
                grouped(written.bytesPerSecond / 1e6),
              ],
              ["read back and checked", size(end.now), size(end.peak), grouped(readBack.bytesPerSecond / 1e6)],
            ],
            notes: ["Resident memory of the process that serves (VmRSS), and the most it ever was (VmHWM)."],
          },
        ],
        targets: [
          {
            what: `peak memory above the start, ${grouped(fileBytes / mebi)} MiB written and read back`,
            wanted: `within the cache of ${size(budgetBytes)}`,
            measured: size(growth),
            reached: growth <= budgetBytes,
          },
        ],
      };
    } finally {
      await mounted.end();
    }
  } finally {
    await rm(top, { recursive: true, force: true });
  }
}
