/**
 * Records the workloads: runs each under strace in a scratch directory, reads its system calls, keeps the accesses in
 * bench/eviction/traces. Needs strace, git, sqlite3, fio, rsync, tar and a tree of real files: this project's own
 * node_modules.
 */
import { spawnSync } from "node:child_process";
import { createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { encodeTrace, visitsOf } from "./access-trace.ts";
import { Recording } from "./recording.ts";
import { callsOf } from "./strace-calls.ts";
import { prepareSources, type Workload, workloads } from "./workloads.ts";

const traced =
  "open,openat,creat,close,read,readv,write,writev,pread64,pwrite64,sendfile,copy_file_range,lseek,mmap,ftruncate," +
  "dup,dup2,dup3,fcntl,fork,vfork,clone,clone3,chdir,fchdir,rename,renameat,renameat2,link,linkat,unlink,unlinkat";

function shell(script: string, directory: string, environment: Record<string, string>, log?: string): void {
  const command = ["sh", "-c", script];
  const strace = ["strace", "-f", "-y", "-qq", "-s", "0", "-e", `trace=${traced}`, "-o", log ?? "", "--"];
  const [program, ...rest] = log === undefined ? command : [...strace, ...command];
  const ended = spawnSync(program as string, rest, {
    cwd: directory,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "inherit", "inherit"],
    timeout: 600_000,
  });
  if (ended.error !== undefined) throw ended.error;
  if (ended.status !== 0)
    throw new Error(`the script ended with status ${ended.status}: ${script.trim().slice(0, 200)}`);
}

async function linesOf(path: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: createReadStream(path, "latin1") })) lines.push(line);
  return lines;
}

async function recordOne(workload: Workload, scratch: string, traceDirectory: string): Promise<void> {
  const directory = join(scratch, workload.name);
  mkdirSync(directory);
  const environment = { SOURCES: scratch };
  shell(`set -eu\n${workload.prepare}`, directory, environment);
  const log = join(scratch, `${workload.name}.strace`);
  shell(workload.script, directory, environment, log);
  const recording = new Recording(scratch, directory);
  for (const call of callsOf(await linesOf(log))) recording.take(call);
  const encoded = encodeTrace(recording.trace);
  writeFileSync(join(traceDirectory, `${workload.name}.trace.br`), encoded);
  const { visits, pageCount } = visitsOf(recording.trace, 4096);
  console.log(
    `${workload.name}: ${visits.length} visits of ${pageCount} pages of 4 KiB, kept in ${encoded.length} bytes`,
  );
  rmSync(directory, { recursive: true });
  rmSync(log);
}

/** Records the workloads named, or all. */
export async function record(names: readonly string[], source: string, traceDirectory: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "holdfast-eviction-"));
  try {
    mkdirSync(traceDirectory, { recursive: true });
    shell(prepareSources, scratch, { SOURCE: source });
    for (const workload of workloads) {
      if (names.length === 0 || names.includes(workload.name)) await recordOne(workload, scratch, traceDirectory);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
