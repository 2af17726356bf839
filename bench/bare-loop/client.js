/**
 * One synchronous client of a mounted directory: prints, as JSON, how many requests of each kind it got through in a
 * second. Run it with a file on the mount; it runs in its own process, never in the one that serves the mount.
 */
import fs from "node:fs";

const path = process.argv[2];
const measureMs = Number(process.argv[3] ?? 1000);
const small = Buffer.alloc(4096, 1);
const large = Buffer.allocUnsafeSlow((1 << 20) + 4096).subarray(0, 1 << 20);

/** Repeats a step for the measuring time; answers steps a second. */
function rate(step) {
  for (let warm = 0; warm < 200; warm++) step(warm);
  const start = performance.now();
  let count = 0;
  let elapsedMs = 0;
  while (elapsedMs < measureMs) {
    for (let batch = 0; batch < 16; batch++) step(count++);
    elapsedMs = performance.now() - start;
  }
  return Math.round((count * 1000) / elapsedMs);
}

const writer = fs.openSync(path, fs.constants.O_RDWR);
const reader = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECT);
const fileBytes = 256 << 20;
const result = {
  statPerSecond: rate(() => fs.statSync(path)),
  write4KiBPerSecond: rate((count) => fs.writeSync(writer, small, 0, 4096, (count * 4096) % fileBytes)),
  write1MiBPerSecond: rate((count) => fs.writeSync(writer, large, 0, 1 << 20, (count * (1 << 20)) % fileBytes)),
  directRead1MiBPerSecond: rate((count) => fs.readSync(reader, large, 0, 1 << 20, (count * (1 << 20)) % fileBytes)),
};
fs.closeSync(writer);
fs.closeSync(reader);
console.log(JSON.stringify(result));
