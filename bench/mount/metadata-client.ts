/**
 * One synchronous client of names and attributes, in a process of its own: prints JSON with rates a second. Usage:
 * DIRECTORY requests FILE | DIRECTORY stat COUNT | DIRECTORY create COUNT.
 */
import fs from "node:fs";
import { join } from "node:path";
import koffi from "koffi";

const requestMs = 1_000;
const atEmptyPath = 0x1000;
const atStatxForceSync = 0x2000;
const statxBasicStats = 0x7ff;

function ratePerSecond(count: number, startMs: number): number {
  return (count * 1000) / (performance.now() - startMs);
}

/** Attributes asked for by descriptor, past the kernel's own knowledge: one request each. */
function requests(path: string): Record<string, number> {
  const libc = koffi.load("libc.so.6");
  const statx = libc.func("int statx(int fd, const char *path, int flags, unsigned int mask, void *into)");
  const descriptor = fs.openSync(path, "r");
  const into = Buffer.alloc(256);
  const ask = (): void => {
    if (statx(descriptor, "", atEmptyPath | atStatxForceSync, statxBasicStats, into) !== 0)
      throw new Error("statx failed");
  };
  for (let warm = 0; warm < 500; warm++) ask();
  const startMs = performance.now();
  let count = 0;
  for (; performance.now() - startMs < requestMs; count += 16) for (let batch = 0; batch < 16; batch++) ask();
  const rate = ratePerSecond(count, startMs);
  fs.closeSync(descriptor);
  return { requests: rate };
}

function statAll(directory: string, count: number): number {
  const startMs = performance.now();
  for (let at = 0; at < count; at++) fs.statSync(join(directory, String(at)));
  return ratePerSecond(count, startMs);
}

function create(directory: string, count: number): Record<string, number> {
  fs.mkdirSync(directory);
  let startMs = performance.now();
  for (let at = 0; at < count; at++) fs.closeSync(fs.openSync(join(directory, String(at)), "wx"));
  const created = ratePerSecond(count, startMs);
  startMs = performance.now();
  for (let at = 0; at < count; at++) fs.unlinkSync(join(directory, String(at)));
  const removed = ratePerSecond(count, startMs);
  fs.rmdirSync(directory);
  return { create: created, unlink: removed };
}

const [directory, what, argument] = process.argv.slice(2) as [string, string, string];
if (what === "requests") {
  console.log(JSON.stringify(requests(join(directory, argument))));
} else if (what === "stat") {
  const files = join(directory, "files");
  console.log(
    JSON.stringify({ statCold: statAll(files, Number(argument)), statWarm: statAll(files, Number(argument)) }),
  );
} else {
  console.log(JSON.stringify(create(join(directory, "made"), Number(argument))));
}
