/**
 * What is compared: something that mounts a file system of one kind at a directory and takes it away again. Every
 * contender serves from a process of its own and is used from others, never from the one that measures.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run-program.ts";

/** A mount that serves. */
export interface Mounted {
  readonly directory: string;
  readonly processId: number;
  /** Unmounts, and waits until the server has ended. */
  end(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  mount(): Promise<Mounted>;
}

/** The kernel's read-ahead on every contender's mount, so that all are asked in the same pieces. */
const readAheadKiB = 4096;
const readyMsMax = 20_000;
const endMsMax = 60_000;
const unmountMsMax = 20_000;

/** The bare loop: answers from nothing, so nothing can be faster. Its one file is called `file`. */
export function bareLoop(root: string): Contender {
  const server = join(root, "bench/bare-loop/server.js");
  return {
    name: "bare loop",
    mount: () =>
      start("bare", (directory) => ({ words: [process.execPath, server, directory], ready: /^ready/m, end: "umount" })),
  };
}

/** The store's directory through bindfs, which passes every request on. */
export function bindfs(store: string): Contender {
  const options = "attr_timeout=1,entry_timeout=1,negative_timeout=1";
  return {
    name: "bindfs",
    mount: () =>
      start("bindfs", (directory) => ({
        words: ["bindfs", "-f", "-o", options, store, directory],
        ready: undefined,
        end: "umount",
      })),
  };
}

export function holdfast(root: string, store: string, options: readonly string[], name = "holdfast"): Contender {
  const program = join(root, "bin/holdfast.js");
  return {
    name,
    mount: () =>
      start("holdfast", (directory) => ({
        words: [process.execPath, program, "mount", `dir:${store}`, directory, ...options],
        ready: /^holdfast: mounted/m,
        end: "SIGTERM",
      })),
  };
}

/** The directory itself, with nothing in between. */
export function plainDirectory(store: string): Contender {
  return {
    name: "directory itself",
    mount: async () => ({ directory: store, processId: process.pid, end: async () => {} }),
  };
}

interface Server {
  readonly words: readonly string[];
  /** What it prints when it is ready; undefined when only the mount table tells. */
  readonly ready: RegExp | undefined;
  readonly end: "umount" | "SIGTERM";
}

async function start(name: string, serverAt: (directory: string) => Server): Promise<Mounted> {
  const directory = await mkdtemp(join(tmpdir(), `bench-${name}-`));
  const { words, ready, end } = serverAt(directory);
  const [program, ...parameters] = words;
  const child = spawn(program as string, parameters, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (said = (said + piece).slice(-8192)));
  const device = await untilMounted(
    child,
    directory,
    () => ready === undefined || ready.test(said),
    () => said,
  );
  await writeFile(`/sys/class/bdi/${device}/read_ahead_kb`, String(readAheadKiB));
  return {
    directory,
    processId: child.pid as number,
    end: async () => {
      if (end === "SIGTERM") child.kill("SIGTERM");
      else await run(["umount", directory], { msMax: unmountMsMax }).catch(() => run(["umount", "-l", directory]));
      await ended(child, name, () => said);
      await rm(directory, { recursive: false, force: true }).catch(() => rm(directory, { recursive: true }));
    },
  };
}

/** Waits for the server's end; one that does not end is killed, and that is a mistake worth stopping for. */
async function ended(child: ChildProcess, name: string, said: () => string): Promise<void> {
  const late = setTimeout(() => child.kill("SIGKILL"), endMsMax);
  try {
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  } finally {
    clearTimeout(late);
  }
  if (child.exitCode !== 0) throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}: ${said()}`);
}

/** Waits until the mount stands; answers its device, MAJOR:MINOR. */
async function untilMounted(
  child: ChildProcess,
  directory: string,
  isReady: () => boolean,
  said: () => string,
): Promise<string> {
  const giveUpMs = performance.now() + readyMsMax;
  while (performance.now() < giveUpMs) {
    if (child.exitCode !== null) throw new Error(`the server ended before it was mounted: ${said()}`);
    const line = (await readFile("/proc/self/mountinfo", "utf8"))
      .split("\n")
      .find((entry) => entry.split(" ")[4] === directory);
    if (line !== undefined && isReady()) return line.split(" ")[2] as string;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill("SIGKILL");
  throw new Error(`nothing was mounted at ${directory}: ${said()}`);
}
