/**
 * What a program under comparison writes down: bytes as a short digest, attributes without what may rightly differ (numbers
 * of nodes and devices, storage, access and change times), and modify times as a value where somebody chose them (before
 * 2020, as the scripts do) or else as "now".
 */
import { createHash } from "node:crypto";

const chosenBeforeNs = 1_577_836_800_000_000_000n;
const nowBeforeNs = 20_000_000_000n;
const startedNs = BigInt(Date.now()) * 1_000_000n;

export function digest(bytes) {
  if (bytes.length <= 12) return `${bytes.length}:${bytes.toString("hex")}`;
  return `${bytes.length}:${createHash("sha1").update(bytes).digest("hex").slice(0, 12)}`;
}

/** Bytes that tell where they belong: different for each fill, and within one write. */
export function pattern(length, fill) {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) bytes[at] = fill + at * 7 + (at >> 8) * 13;
  return bytes;
}

export function showTime(timeNs) {
  if (timeNs < chosenBeforeNs) return String(timeNs);
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  return timeNs > startedNs - 600n * nowBeforeNs && timeNs < nowNs + nowBeforeNs ? "now" : `strange ${timeNs}`;
}

const kinds = [
  ["isFile", "file"],
  ["isDirectory", "directory"],
  ["isSymbolicLink", "link"],
  ["isFIFO", "fifo"],
  ["isSocket", "socket"],
  ["isCharacterDevice", "character"],
  ["isBlockDevice", "block"],
];

export function kindOf(entry) {
  return kinds.find(([is]) => entry[is]())?.[1] ?? "unknown";
}

/** @param mapped whether a mapping has unsent bytes, so that the modify time may be of either moment */
export function showStatus(status, mapped = false) {
  const kind = kindOf(status);
  const size = kind === "directory" ? "-" : status.size;
  // What goes through a fifo is the kernel's alone, and no server of FUSE hears of it.
  const time = kind === "fifo" ? "-" : mapped ? "mapped" : showTime(status.mtimeNs);
  const mode = (Number(status.mode) & 0o7777).toString(8);
  return `${kind} ${mode} ${status.nlink} ${status.uid}:${status.gid} ${size} ${time}`;
}
