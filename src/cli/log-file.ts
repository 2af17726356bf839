/**
 * A log file of bounded size: when it is full it becomes `NAME.1`, in place of the one before.
 *
 * A log must not bring down what it tells of. A line that cannot be written, as on a full disk, is lost and counted: standard
 * error hears of the first, and the file of how many there were as soon as it can be written again.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { failureFrom } from "../base/index.ts";
import { type LogFormat, type LogSink, logLine } from "./log.ts";

const logBytesMax = 4 * 1024 * 1024;

/** Appends to the file. Writing is synchronous: a log line is out before what follows it happens. Throws only here. */
export function logFile(path: string, format: LogFormat, complain: LogSink = standardError): LogSink {
  const file = new BoundedFile(path);
  let lostLines = 0;
  let complained = false;
  return (line) => {
    try {
      if (lostLines > 0) file.append(logLine(format, "warn", "lines of this log were lost", { lines: lostLines }));
      lostLines = 0;
      file.append(line);
    } catch (thrown) {
      lostLines += 1;
      if (complained) return;
      complained = true;
      complain(`holdfast: the log file ${path} cannot be written: ${failureFrom(thrown).message}; lines are lost\n`);
    }
  };
}

const standardError: LogSink = (line) => {
  process.stderr.write(line);
};

class BoundedFile {
  readonly #path: string;
  #descriptor: number;
  #bytes: number;
  #endsInMidLine = false;

  constructor(path: string) {
    this.#path = path;
    this.#descriptor = openSync(path, "a", 0o600);
    this.#bytes = fstatSync(this.#descriptor).size;
  }

  append(line: string): void {
    const bytes = Buffer.from(this.#endsInMidLine ? `\n${line}` : line);
    if (this.#bytes > 0 && this.#bytes + bytes.length > logBytesMax) this.#turnOver();
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#descriptor, bytes, written);
    } finally {
      this.#bytes += written;
      if (written > 0) this.#endsInMidLine = written < bytes.length;
    }
  }

  #turnOver(): void {
    try {
      renameSync(this.#path, `${this.#path}.1`);
    } catch (thrown) {
      // Somebody took the file away: there is nothing to keep.
      if (failureFrom(thrown).code !== "ENOENT") throw thrown;
    }
    const descriptor = openSync(this.#path, "a", 0o600);
    closeSync(this.#descriptor);
    this.#descriptor = descriptor;
    this.#bytes = fstatSync(descriptor).size;
    this.#endsInMidLine = false;
  }
}
