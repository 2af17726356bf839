/**
 * Random operations on one file, each byte that is read compared with a model in memory: `single-file FILE MODEL SEED COUNT`.
 * MODEL is a file elsewhere that has what FILE must have at the start, if it exists, and is given what FILE must have at the
 * end, so that a run can go on where another stopped. On the first wrong byte it prints the last operations and ends with 1.
 */
import * as fs from "node:fs";
import { SeededRandom } from "../../../dist/base/index.js";
import { pattern } from "../differential/observations.js";
import * as system from "../differential/system-calls.js";

const sizeMax = 1 << 20;
const pageBytes = 4096;
const shownMax = 40;
const syncNow = 4;
const dontNeed = 4;
const fallocateModes = { reserve: 0, keep: 1, punch: 3, zero: 16, zeroKeep: 17 };

const [path, modelPath, seed, count] = process.argv.slice(2);
const random = new SeededRandom(Number(seed));
const memory = system.alignedMemory(sizeMax);
let model = fs.existsSync(modelPath) ? fs.readFileSync(modelPath) : Buffer.alloc(0);
const done = [];
let files = [];

function open() {
  files = ["a+", "r+"].map((flags) =>
    fs.openSync(path, flags === "a+" ? fs.constants.O_RDWR | fs.constants.O_CREAT : flags),
  );
  files.push(fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_DIRECT));
}

function close() {
  for (const file of files) fs.closeSync(file);
}

const anyFile = () => files[random.below(2)];
const offset = () => random.below(random.chance(0.3) ? 20_000 : sizeMax - 1);
const length = () => 1 + random.below(random.chance(0.5) ? 9000 : 200_000);
const fill = () => random.below(251);

function compare(actual, at, what) {
  const expected = model.subarray(at, at + actual.length);
  if (expected.length !== actual.length)
    throw new Error(`${what}: ${actual.length} bytes instead of ${expected.length}`);
  const wrong = actual.findIndex((byte, index) => byte !== expected[index]);
  if (wrong >= 0) throw new Error(`${what}: byte ${at + wrong} is ${actual[wrong]} instead of ${expected[wrong]}`);
}

function resize(size) {
  if (size <= model.length) model = model.subarray(0, size);
  else model = Buffer.concat([model, Buffer.alloc(size - model.length)]);
}

function put(bytes, at) {
  if (at + bytes.length > model.length) resize(at + bytes.length);
  model = Buffer.from(model);
  bytes.copy(model, at);
}

/** A range inside the file, undefined when that is empty. */
function inside() {
  if (model.length === 0) return undefined;
  const at = random.below(model.length);
  return { at, size: Math.min(length(), model.length - at) };
}

function withMapping(at, size, act) {
  const start = at - (at % pageBytes);
  const span = at + size - start;
  const address = system.mmap(0, span, system.protectReadWrite, system.mapShared, anyFile(), start);
  act(address + at - start, address, span);
  system.munmap(address, span);
}

const acts = {
  read(at = offset(), size = length()) {
    const bytes = Buffer.alloc(size);
    const got = fs.readSync(anyFile(), bytes, 0, size, at);
    const wanted = Math.max(0, Math.min(size, model.length - at));
    if (got !== wanted) throw new Error(`read of ${size} at ${at}: ${got} bytes instead of ${wanted}`);
    compare(bytes.subarray(0, got), at, "read");
  },
  readDirect(at = random.below(sizeMax / pageBytes) * pageBytes, pages = 1 + random.below(40)) {
    const got = system.preadTo(files[2], memory, pages * pageBytes, at);
    if (at < model.length) compare(system.loadBytes(memory, got), at, "direct read");
  },
  write(at = offset(), size = length(), value = fill()) {
    const bytes = pattern(Math.min(size, sizeMax - at), value);
    if (fs.writeSync(anyFile(), bytes, 0, bytes.length, at) !== bytes.length) throw new Error("a short write");
    put(bytes, at);
  },
  writeDirect(at = random.below(200) * pageBytes, pages = 1 + random.below(40), value = fill()) {
    const bytes = pattern(pages * pageBytes, value);
    system.storeBytes(memory, bytes);
    if (system.pwriteFrom(files[2], memory, bytes.length, at) !== bytes.length) throw new Error("a short direct write");
    put(bytes, at);
  },
  truncate(size = offset()) {
    fs.ftruncateSync(anyFile(), size);
    resize(size);
  },
  mapRead(range = inside()) {
    if (range === undefined) return;
    withMapping(range.at, range.size, (address) => compare(system.loadBytes(address, range.size), range.at, "mapping"));
  },
  mapWrite(range = inside(), value = fill(), syncs = random.chance(0.5)) {
    if (range === undefined) return;
    const bytes = pattern(range.size, value);
    withMapping(range.at, range.size, (address, start, span) => {
      system.storeBytes(address, bytes);
      if (syncs) system.msync(start, span, syncNow);
    });
    put(bytes, range.at);
  },
  allocate(how = random.pick(Object.keys(fallocateModes)), at = offset(), size = length()) {
    const end = Math.min(at + size, sizeMax);
    system.fallocate(anyFile(), fallocateModes[how], at, end - at);
    if ((how === "reserve" || how === "zero") && end > model.length) resize(end);
    if (how !== "reserve" && how !== "keep") {
      const zeroEnd = Math.min(end, model.length);
      if (at < zeroEnd) put(Buffer.alloc(zeroEnd - at), at);
    }
  },
  copy(range = inside(), to = offset()) {
    if (range === undefined) return;
    const size = Math.min(range.size, sizeMax - to);
    if (to < range.at + size && range.at < to + size) return;
    const bytes = Buffer.from(model.subarray(range.at, range.at + size));
    for (let moved = 0; moved < size; ) {
      const count = system.copyFileRange(anyFile(), range.at + moved, anyFile(), to + moved, size - moved);
      if (count === 0) throw new Error("nothing was copied");
      moved += count;
    }
    put(bytes, to);
  },
  stat() {
    const sizes = [fs.fstatSync(anyFile()).size, fs.statSync(path).size];
    if (sizes.some((size) => size !== model.length)) throw new Error(`sizes ${sizes} instead of ${model.length}`);
  },
  sync: () => fs.fsyncSync(anyFile()),
  forget: () => system.posixFadvise(anyFile(), 0, 0, dontNeed),
  reopen() {
    close();
    open();
  },
};
const often = { read: 8, write: 8, mapRead: 4, mapWrite: 5, truncate: 4, allocate: 4, copy: 3, readDirect: 2, stat: 2 };
const choices = Object.keys(acts).flatMap((name) => Array.from({ length: often[name] ?? 1 }, () => name));

/** Draws the parameters of an act anew when it runs, and notes where the generator stood, so that a run can be read. */
function perform(index) {
  const name = random.pick(choices);
  done.push(`${index} ${name} (file of ${model.length})`);
  if (done.length > shownMax) done.shift();
  acts[name]();
}

open();
try {
  acts.stat();
  compare(fs.readFileSync(path), 0, "what an earlier run left");
  for (let index = 0; index < Number(count); index += 1) perform(index);
  acts.stat();
  compare(fs.readFileSync(path), 0, "the whole file");
} catch (error) {
  console.error(`seed ${seed}: ${error.stack}\n${done.join("\n")}`);
  process.exitCode = 1;
}
close();
fs.writeFileSync(modelPath, model);
