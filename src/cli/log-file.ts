/** A log file of bounded size: when it is full it becomes `NAME.1`, in place of the one before. */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import type { LogSink } from "./log.ts";

const logBytesMax = 4 * 1024 * 1024;

/** Appends to the file. Writing is synchronous: a log line is out before what follows it happens. */
export function logFile(path: string): LogSink {
  let descriptor = openSync(path, "a", 0o600);
  let bytes = fstatSync(descriptor).size;
  return (line) => {
    bytes += writeSync(descriptor, line);
    if (bytes < logBytesMax) return;
    closeSync(descriptor);
    renameSync(path, `${path}.1`);
    descriptor = openSync(path, "a", 0o600);
    bytes = 0;
  };
}
