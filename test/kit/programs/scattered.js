/**
 * A file of 8 GiB that is mostly holes: `write FILE` writes pieces at scattered places, in an order of its own; `check FILE`
 * compares size and pieces; `segments FILE` prints where SEEK_DATA and SEEK_HOLE find data, as JSON.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { seekFile } from "../../../dist/system/index.js";

const GiB = 1024 ** 3;
const size = 8 * GiB;
const pieces = [
  { position: 5 * GiB + 123, length: 10_000 },
  { position: 0, length: 1 },
  { position: 2 ** 31 - 50, length: 100 },
  { position: 2 ** 32 - 65_536, length: 131_072 },
  { position: 3 * GiB + 65_537, length: 300_000 },
  { position: 7 * GiB, length: 4096 },
  { position: size - 7, length: 7 },
];

/** Bytes that depend on where they lie. */
function content({ position, length }) {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 32) {
    createHash("sha256")
      .update(`${position + at}`)
      .digest()
      .copy(bytes, at, 0, Math.min(32, length - at));
  }
  return bytes;
}

function segments(file) {
  const found = [];
  for (let position = seekFile(file, 0, "data"); position >= 0; ) {
    const end = seekFile(file, position, "hole");
    found.push({ position, end });
    position = seekFile(file, end, "data");
  }
  return found;
}

const [what, path] = process.argv.slice(2);
const file = openSync(path, what === "write" ? "w" : "r");
if (what === "write") {
  for (const piece of pieces)
    assert.equal(writeSync(file, content(piece), 0, piece.length, piece.position), piece.length);
  assert.equal(fstatSync(file).size, size);
  console.log(JSON.stringify(segments(file)));
} else if (what === "check") {
  assert.equal(fstatSync(file).size, size);
  for (const piece of pieces) {
    const bytes = Buffer.alloc(piece.length);
    assert.equal(readSync(file, bytes, 0, piece.length, piece.position), piece.length);
    assert.deepEqual(bytes, content(piece));
  }
  const hole = Buffer.alloc(65_536, 1);
  for (const position of [4096 * 16, GiB, 6 * GiB + 1]) {
    assert.equal(readSync(file, hole, 0, hole.length, position), hole.length);
    assert.ok(hole.every((byte) => byte === 0));
  }
} else {
  console.log(JSON.stringify(segments(file)));
}
closeSync(file);
console.error(`${what}: ${pieces.length} pieces`);
