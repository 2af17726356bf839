/**
 * Names that may be anything but `/` and NUL: `make DIRECTORY` makes a file for each of them, `check DIRECTORY` lists and
 * reads them. Prints how many there were.
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs";

const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 0 && byte !== 0x2f);
const longestBytes = 255;

/** Each byte alone where that is a name, each after a letter, and names as long as names may be. */
const names = [
  ...bytes.filter((byte) => byte !== 0x2e).map((byte) => Buffer.of(byte)),
  ...bytes.map((byte) => Buffer.of(0x78, byte)),
  ...bytes.map((byte) => Buffer.concat([Buffer.of(byte), Buffer.alloc(longestBytes - 1, 0x79)])),
  Buffer.from(Array.from({ length: longestBytes }, (_, index) => bytes[(index * 7) % bytes.length])),
  Buffer.from("é".repeat(127)),
  Buffer.from([0xf0, 0x9f, 0x98]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xc0, 0xaf]),
  Buffer.from("..."),
  Buffer.from(" leading and trailing "),
];

const [what, directory] = process.argv.slice(2);
const at = (name) => Buffer.concat([Buffer.from(`${directory}/`), name]);
const failureOf = (act) => {
  try {
    act();
    return "none";
  } catch (error) {
    return error.code;
  }
};

if (what === "make") {
  for (const name of names) writeFileSync(at(name), name, { flag: "wx" });
  const tooLong = Buffer.alloc(longestBytes + 1, 0x7a);
  assert.equal(
    failureOf(() => writeFileSync(at(tooLong), "")),
    "ENAMETOOLONG",
  );
  assert.equal(
    failureOf(() => mkdirSync(at(tooLong))),
    "ENAMETOOLONG",
  );
  assert.equal(
    failureOf(() => statSync(at(tooLong))),
    "ENAMETOOLONG",
  );
  assert.equal(
    failureOf(() => renameSync(at(names[0]), at(tooLong))),
    "ENAMETOOLONG",
  );
  renameSync(at(names[5]), at(Buffer.from([0xff, 0xfe, 0xfd])));
  assert.equal(
    failureOf(() => statSync(at(names[5]))),
    "ENOENT",
  );
  renameSync(at(Buffer.from([0xff, 0xfe, 0xfd])), at(names[5]));
  unlinkSync(at(names[6]));
  writeFileSync(at(names[6]), names[6], { flag: "wx" });
}
const listed = readdirSync(Buffer.from(directory), { encoding: "buffer" }).sort(Buffer.compare);
assert.deepEqual(listed, [...names].sort(Buffer.compare));
for (const name of names) assert.deepEqual(readFileSync(at(name)), name);
console.log(names.length);
