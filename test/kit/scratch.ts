/**
 * The one directory in which integration tests make their stores and mount points. The set-up of the run makes it and
 * hands its path down in the environment, so that whatever a test leaves mounted or running can be found by it.
 */
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The name of the environment variable that carries the directory to tests and to their child processes. */
export const scratchVariable = "HOLDFAST_TEST_DIRECTORY";

/** A fresh directory for one test. The end of the run removes it. */
export async function scratchDirectory(name: string): Promise<string> {
  const directory = process.env[scratchVariable];
  if (directory === undefined) throw new Error(`${scratchVariable} is not set: run integration tests through vitest`);
  return mkdtemp(join(directory, `${name}-`));
}

/** The mount points below a directory, deepest first. Reads the kernel's table and touches no mount. */
export async function mountsBelow(directory: string): Promise<string[]> {
  const table = await readFile("/proc/self/mounts", "utf8");
  const points = table.split("\n").map((line) => unescapeOctal(line.split(" ")[1] ?? ""));
  return points.filter((point) => point.startsWith(`${directory}/`)).sort((one, other) => other.length - one.length);
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** A process that carries a scratch directory in its environment. */
export interface LeftProcess {
  readonly pid: number;
  readonly command: string;
}

/** The processes, other than this one, that were started below a test of the run that owns `directory`. */
export async function processesOf(directory: string): Promise<LeftProcess[]> {
  const mark = `${scratchVariable}=${directory}`;
  const found: LeftProcess[] = [];
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid || pid === process.ppid) continue;
    try {
      const environment = await readFile(`/proc/${entry}/environ`, "utf8");
      if (!environment.split("\0").includes(mark)) continue;
      const command = (await readFile(`/proc/${entry}/cmdline`, "utf8")).replaceAll("\0", " ").trim();
      found.push({ pid, command });
    } catch {
      // The process ended while we looked, or is not ours to look at.
    }
  }
  return found;
}
