/**
 * One of several processes that write to one file at once, each its own stripes: `write FILE SELF COUNT` by pwrite in pieces
 * that share pages with the neighbours', `map FILE SELF COUNT` by a shared mapping, `append FILE SELF COUNT` whole lines.
 * `check FILE COUNT` looks at the stripes of all.
 */
import assert from "node:assert/strict";
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import koffi from "koffi";

const stripeBytes = 1000;
const stripesEach = 80;
const protectReadWrite = 3;
const mapShared = 1;
const syncNow = 4;

const patternByte = (writer, stripe) => 1 + ((writer * 31 + stripe * 7) % 255);
const stripeOf = (writer, stripe) => Buffer.alloc(stripeBytes, patternByte(writer, stripe));
const positionOf = (writer, stripe, count) => (stripe * count + writer) * stripeBytes;

/** The whole file as one shared mapping. */
function map(file, size) {
  const libc = koffi.load("libc.so.6");
  const mmap = libc.func("void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)");
  const msync = libc.func("int msync(void *address, size_t length, int flags)");
  const address = mmap(null, size, protectReadWrite, mapShared, file, 0);
  return {
    bytes: new Uint8Array(koffi.view(address, size)),
    sync: () => assert.equal(msync(address, size, syncNow), 0),
  };
}

const [what, path, ...numbers] = process.argv.slice(2);
const [self, count = self] = numbers.map(Number);
if (what === "check") {
  const bytes = readFileSync(path);
  assert.equal(bytes.length, stripeBytes * stripesEach * count);
  for (let writer = 0; writer < count; writer += 1) {
    for (let stripe = 0; stripe < stripesEach; stripe += 1) {
      const position = positionOf(writer, stripe, count);
      assert.ok(
        bytes.subarray(position, position + stripeBytes).equals(stripeOf(writer, stripe)),
        `${writer}/${stripe}`,
      );
    }
  }
} else if (what === "append") {
  const file = openSync(path, "a");
  for (let line = 0; line < stripesEach; line += 1) {
    const text = `${self} ${line} ${"x".repeat((line * 37 + self) % 300)}.\n`;
    assert.equal(writeSync(file, text), text.length);
  }
  closeSync(file);
} else {
  const file = openSync(path, "r+");
  const view = what === "map" ? map(file, fstatSync(file).size) : undefined;
  for (let stripe = 0; stripe < stripesEach; stripe += 1) {
    const position = positionOf(self, stripe, count);
    if (view === undefined) writeSync(file, stripeOf(self, stripe), 0, stripeBytes, position);
    else view.bytes.set(stripeOf(self, stripe), position);
    if (stripe % 20 === 7) view === undefined ? fsyncSync(file) : view.sync();
  }
  view?.sync();
  closeSync(file);
}
