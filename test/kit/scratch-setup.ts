/**
 * Set-up and end of a run of integration tests. The end unmounts and kills, by process id, what tests left in the run's
 * own directory, and fails the run when there was anything: a test that leaves a mount behind is broken.
 */
import { execFile } from "node:child_process";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { mountsBelow, processesOf, scratchVariable } from "./scratch.ts";

const run = promisify(execFile);
let directory = "";

export async function setup(): Promise<void> {
  directory = await realpath(await mkdtemp(join(tmpdir(), "holdfast-test-")));
  process.env[scratchVariable] = directory;
}

export async function teardown(): Promise<void> {
  const workers = new Set((await processesOf(directory)).filter(isTestRunner).map((one) => one.pid));
  const mounts = await mountsBelow(directory);
  for (const point of mounts) await unmountLazily(point);
  const left = (await processesOf(directory)).filter((one) => !workers.has(one.pid));
  for (const { pid } of left) kill(pid);
  await rm(directory, { recursive: true, force: true });
  const complaints = [
    ...mounts.map((point) => `left mounted: ${point}`),
    ...left.map((one) => `left running: ${one.pid} ${one.command}`),
  ];
  if (complaints.length === 0) return;
  // The runner prints what its end throws, and calls the run a success all the same.
  process.exitCode = 1;
  throw new Error(complaints.join("\n"));
}

/** The runner's own worker processes inherit the variable too, and end with the run. */
function isTestRunner(one: { readonly command: string }): boolean {
  return /vitest/.test(one.command);
}

async function unmountLazily(point: string): Promise<void> {
  try {
    await run("umount", ["-l", point], { timeout: 10_000 });
  } catch {
    await run("fusermount3", ["-u", "-z", point], { timeout: 10_000 });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}
