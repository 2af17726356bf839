/**
 * A directory tree as lines of text that can be compared: for each name its kind, mode, owner, size, modify time, target,
 * extended attributes, the digest of its content, and the first name of the same node. Large files are read by their data.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { digest, showStatus } from "./observations.js";
import { getAttribute, listAttributes, lseek } from "./system-calls.js";

const chunkBytes = 65536;
const seekData = 3;
const slash = Buffer.from("/");

function nextData(file, offset) {
  try {
    return lseek(file, offset, seekData);
  } catch (error) {
    if (error.code === "ENXIO") return Number.POSITIVE_INFINITY;
    throw error;
  }
}

/** A digest of what is not zero, and where. */
function contentOf(path) {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(file);
    const hash = createHash("sha1");
    const chunk = Buffer.alloc(chunkBytes);
    for (let at = 0; at < size; at += chunkBytes) {
      const data = nextData(file, at);
      if (data >= at + chunkBytes) {
        if (data === Number.POSITIVE_INFINITY) break;
        at = data - (data % chunkBytes);
      }
      const count = readSync(file, chunk, 0, chunkBytes, at);
      const bytes = chunk.subarray(0, count);
      if (bytes.some((byte) => byte !== 0)) hash.update(`${at} ${count} `).update(bytes);
    }
    return hash.digest("hex").slice(0, 12);
  } finally {
    closeSync(file);
  }
}

function attempt(act) {
  try {
    return act();
  } catch (error) {
    return error.code ?? String(error);
  }
}

function attributesOf(path) {
  const show = (name) => `${name}=${attempt(() => digest(getAttribute(path, name)))}`;
  return attempt(() => listAttributes(path).map(show).join(","));
}

/** @param seen the first name of each node with several */
function describe(path, status, seen) {
  const parts = [showStatus(status), attributesOf(path)];
  if (status.isSymbolicLink()) parts.push(attempt(() => readlinkSync(path, "latin1")));
  if (status.isFile()) parts.push(attempt(() => contentOf(path)));
  if (!status.isDirectory() && status.nlink > 1n) {
    const first = seen.get(status.ino);
    if (first === undefined) seen.set(status.ino, path);
    else parts.push(`same as ${JSON.stringify(first.toString("latin1"))}`);
  }
  return parts.join(" | ");
}

/** One line for each name below the working directory, the names that come first in the order of their bytes. */
export function treeLines(from = Buffer.from("."), seen = new Map()) {
  const names = attempt(() => readdirSync(from, { encoding: "buffer" }).sort(Buffer.compare));
  if (typeof names === "string") return [`${JSON.stringify(from.toString("latin1"))} list: ${names}`];
  const lines = [];
  for (const name of names) {
    const path = Buffer.concat([from, slash, name]);
    const status = attempt(() => lstatSync(path, { bigint: true }));
    const shown = typeof status === "string" ? status : describe(path, status, seen);
    lines.push(`${JSON.stringify(path.toString("latin1"))} ${shown}`);
    if (typeof status !== "string" && status.isDirectory()) lines.push(...treeLines(path, seen));
  }
  return lines;
}
