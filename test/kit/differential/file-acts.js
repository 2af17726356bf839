/** What scripts do with open files: each act answers with what is written down of it. Files stand in numbered slots. */
import * as fs from "node:fs";
import { digest, pattern, showStatus } from "./observations.js";
import * as system from "./system-calls.js";

const directBytesMax = 1 << 20;
const alignment = 4096;
const advice = { dontNeed: 4 };
const whences = { set: 0, current: 1, end: 2 };
const dataWhence = 3;
const holeWhence = 4;

class Closed extends Error {
  code = "closed";
}

/** The files that a script has open. */
export class Slots {
  #files = new Map();

  has(slot) {
    return this.#files.has(slot);
  }

  get(slot) {
    const file = this.#files.get(slot);
    if (file === undefined) throw new Closed();
    return file;
  }

  put(slot, fd, direct = false) {
    if (this.#files.has(slot)) this.close(slot);
    this.#files.set(slot, { fd, direct });
  }

  close(slot) {
    const { fd } = this.get(slot);
    this.#files.delete(slot);
    fs.closeSync(fd);
  }

  closeAll() {
    return [...this.#files.keys()].map((slot) => {
      try {
        this.close(slot);
        return "ok";
      } catch (error) {
        return error.code;
      }
    });
  }
}

const alignDown = (value) => value - (value % alignment);
const alignUp = (value) => Math.max(alignment, alignDown(value + alignment - 1));

/** Reads at a place, or at the file's position when that is null; O_DIRECT wants everything aligned. */
function readAt(file, length, offset, memory) {
  if (file.direct) {
    const size = Math.min(alignUp(length), directBytesMax);
    return system.loadBytes(memory, system.preadTo(file.fd, memory, size, alignDown(offset ?? 0)));
  }
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, fs.readSync(file.fd, bytes, 0, length, offset));
}

function writeAt(file, length, offset, fill, memory) {
  if (file.direct) {
    const size = Math.min(alignUp(length), directBytesMax);
    system.storeBytes(memory, pattern(size, fill));
    return system.pwriteFrom(file.fd, memory, size, alignDown(offset ?? 0));
  }
  return fs.writeSync(file.fd, pattern(length, fill), 0, length, offset);
}

/** Every byte outside of what lseek calls data must be zero; where the data lies may differ. */
function checkHoles(fd) {
  const { size } = fs.fstatSync(fd);
  if (size > 8 << 20) return "large";
  const bytes = fs.readFileSync(`/proc/self/fd/${fd}`);
  for (let at = 0; at < size; ) {
    let data = size;
    try {
      data = system.lseek(fd, at, dataWhence);
    } catch (error) {
      if (error.code !== "ENXIO") throw error;
    }
    if (bytes.subarray(at, data).some((byte) => byte !== 0)) return `data in the hole at ${at}`;
    if (data >= size) break;
    at = system.lseek(fd, data, holeWhence);
    if (at <= data || at > size) return `strange hole at ${at}`;
  }
  return `${size}`;
}

/** @param state the slots, and how paths and mappings are found */
export function fileActs({ slots, at, isMappedDirty, syncMapped }) {
  const memory = system.alignedMemory(directBytesMax);
  const fdOf = (slot) => slots.get(slot).fd;
  return {
    open(slot, path, flags, mode) {
      const fd = fs.openSync(at(path), flags | fs.constants.O_NONBLOCK, mode);
      slots.put(slot, fd, (flags & fs.constants.O_DIRECT) !== 0);
    },
    reopen(from, slot, flags) {
      const fd = fs.openSync(`/proc/self/fd/${fdOf(from)}`, flags | fs.constants.O_NONBLOCK);
      slots.put(slot, fd, (flags & fs.constants.O_DIRECT) !== 0);
    },
    close: (slot) => slots.close(slot),
    dup(from, slot) {
      const { fd, direct } = slots.get(from);
      slots.put(slot, system.dup(fd), direct);
    },
    read: (slot, length) => digest(readAt(slots.get(slot), length, null, memory)),
    pread: (slot, offset, length) => digest(readAt(slots.get(slot), length, offset, memory)),
    write: (slot, length, fill) => writeAt(slots.get(slot), length, null, fill, memory),
    pwrite: (slot, offset, length, fill) => writeAt(slots.get(slot), length, offset, fill, memory),
    writev(slot, lengths, offset, fill) {
      const { fd, direct } = slots.get(slot);
      if (direct) return "direct";
      const pieces = lengths.map((length, index) => pattern(length, fill + index));
      return fs.writevSync(fd, pieces, offset);
    },
    readv(slot, lengths, offset) {
      const { fd, direct } = slots.get(slot);
      if (direct) return "direct";
      const pieces = lengths.map((length) => Buffer.alloc(length));
      const count = fs.readvSync(fd, pieces, offset);
      return digest(Buffer.concat(pieces).subarray(0, count));
    },
    seek: (slot, offset, whence) => {
      const { fd, direct } = slots.get(slot);
      return direct || !fs.fstatSync(fd).isFile() ? "no file" : system.lseek(fd, offset, whences[whence]);
    },
    holes(slot) {
      const { fd } = slots.get(slot);
      if (!fs.fstatSync(fd).isFile()) return "no file";
      syncMapped(fs.fstatSync(fd, { bigint: true }));
      const position = system.lseek(fd, 0, whences.current);
      const found = checkHoles(fd);
      system.lseek(fd, position, whences.set);
      return found;
    },
    seekPastEnd: (slot) => {
      const status = fs.fstatSync(fdOf(slot));
      return status.isFile() ? system.lseek(fdOf(slot), status.size, dataWhence) : "no file";
    },
    ftruncate: (slot, size) => fs.ftruncateSync(fdOf(slot), size),
    fallocate: (slot, mode, offset, length) => system.fallocate(fdOf(slot), mode, offset, length),
    copyRange(from, fromOffset, to, toOffset, length) {
      if (slots.get(from).direct || slots.get(to).direct) return "direct";
      return system.copyFileRange(fdOf(from), fromOffset, fdOf(to), toOffset, length);
    },
    fsync: (slot) => fs.fsyncSync(fdOf(slot)),
    fdatasync: (slot) => fs.fdatasyncSync(fdOf(slot)),
    forget: (slot) => system.posixFadvise(fdOf(slot), 0, 0, advice.dontNeed),
    fstat(slot) {
      const status = fs.fstatSync(fdOf(slot), { bigint: true });
      return showStatus(status, isMappedDirty(status));
    },
    linkOpen: (slot, path) => system.linkOpen(fdOf(slot), at(path)),
  };
}
