/**
 * A process that works on files as it is told, a line at a time: `["open", "a", "r+"]` on standard input is answered with
 * `{"value": 20}` or `{"code": "EACCES"}` on standard output. It stands on Node alone, so that a copy of it runs anywhere;
 * only what Node lacks loads a package of the checkout: mappings, sync(2), and an fsync that is not repeated by itself when
 * it was interrupted.
 */
import * as fs from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Paths are below this directory, which is no working directory: that would keep a mount busy. */
const [root, checkout] = process.argv.slice(2);
const at = (path) => join(root, path);

const acts = {
  pid: () => process.pid,
  open: (path, flags, mode) => fs.openSync(at(path), flags, mode),
  close: (file) => fs.closeSync(file),
  read: (file, length, position) => {
    const bytes = Buffer.alloc(length);
    return bytes.toString("utf8", 0, fs.readSync(file, bytes, 0, length, position));
  },
  write: (file, text, position) => fs.writeSync(file, text, position),
  fsync: (file) => fs.fsyncSync(file),
  fsyncOnce: (file) => call("int fsync(int fd)", file),
  syncAll: () => call("void sync()"),
  syncfs: (file) => call("int syncfs(int fd)", file),
  /** Maps a file from its start, shared, for reading and, unless told otherwise, writing; answers the address. */
  map: (file, length, protection = 3) =>
    call("intptr_t mmap(uintptr_t at, size_t n, int p, int f, int fd, int64_t o)", 0, length, protection, 1, file, 0),
  /** Waits until what was stored through the mapping is durable, as msync(2) with MS_SYNC does. */
  msync: (address, length) => call("int msync(uintptr_t at, size_t n, int flags)", address, length, 4),
  load: (address, length) => {
    const bytes = Buffer.alloc(length);
    call("void *memcpy(_Out_ void *to, uintptr_t from, size_t n)", bytes, address, length);
    return bytes.toString();
  },
  store: (address, text) => {
    call("void *memcpy(uintptr_t to, const void *from, size_t n)", address, Buffer.from(text), Buffer.byteLength(text));
  },
  /** Memory of which only the first half is there, full of a letter; answers the address. */
  halfThere: (length, letter) => {
    const whole = "intptr_t mmap(uintptr_t at, size_t n, int p, int f, int fd, int64_t o)";
    const address = call(whole, 0, 2 * length, 3, 0x22, -1, 0);
    acts.store(address, letter.repeat(length));
    call("int munmap(uintptr_t at, size_t n)", address + length, length);
    return address;
  },
  /** Answers how many bytes were written, which may be fewer. */
  writeFrom: (file, address, length, position) =>
    call("int64_t pwrite(int fd, uintptr_t from, size_t n, int64_t at)", file, address, length, position),
  truncate: (file, size) => fs.ftruncateSync(file, size),
  stat: (file) => {
    const { size, nlink, uid, gid, mode } = typeof file === "number" ? fs.fstatSync(file) : fs.lstatSync(at(file));
    return { size, nlink, uid, gid, mode: mode & 0o7777 };
  },
  list: (path) => fs.readdirSync(at(path)).sort(),
  readFile: (path) => fs.readFileSync(at(path), "utf8"),
  writeFile: (path, text, mode) => fs.writeFileSync(at(path), text, { mode }),
  mkdir: (path, mode) => fs.mkdirSync(at(path), { mode }),
  unlink: (path) => fs.unlinkSync(at(path)),
  rename: (from, to) => fs.renameSync(at(from), at(to)),
  link: (from, to) => fs.linkSync(at(from), at(to)),
  chmod: (path, mode) => fs.chmodSync(at(path), mode),
};

/** A call of the system that Node lacks; an answer of -1 is an error. */
function call(prototype, ...parameters) {
  const koffi = createRequire(checkout)("koffi");
  const result = koffi.load("libc.so.6").func(prototype)(...parameters);
  if (typeof result === "number" && result === -1) throw { errno: -koffi.errno() };
  return result;
}

/** Node itself names only the errors that libuv knows. */
function codeOf(error) {
  const named = Object.entries(constants.errno).find(([, number]) => number === -error.errno);
  return named?.[0] ?? String(error);
}

function answer(line) {
  const [name, ...parameters] = JSON.parse(line);
  try {
    return { value: acts[name](...parameters) ?? null };
  } catch (error) {
    return { code: codeOf(error) };
  }
}

process.umask(0o022);
// A signal that is caught interrupts a call without ending the process.
process.on("SIGUSR2", () => {});
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(answer(line)));
